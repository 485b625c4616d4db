import { type TSchema, Type } from 'typebox'
import { API_CODES } from '../codes.ts'
import { text, whole, words } from './shapes.ts'

/** What every answer is wrapped in. */
export function success(data: TSchema, saysSomething: boolean) {
  return Type.Object({
    success: Type.Literal(true),
    ...(saysSomething && { message: text('What was done, in one sentence') }),
    data,
  })
}

export const failureSchema = Type.Object(
  {
    success: Type.Literal(false),
    message: text('What is wrong, in one sentence', ['Failed job 45 not found']),
    code: words(Object.keys(API_CODES), 'Stable, never translated'),
    status: whole('As the status line has it'),
    type: text('A name of the problem, as RFC 9457 has it'),
    title: text('What the code means'),
    detail: Type.Optional(text('What became of it, or what to do')),
    instance: text('The path that was asked for'),
    requestId: text('What the log has the request under'),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: text('Where'), message: text('What is allowed there') }), {
        description: 'What is wrong in the request, place by place',
      }),
    ),
  },
  { description: 'Every refusal has this shape; application/problem+json when Accept asks for it' },
)
