import { BaseSequencer, type TestSpecification } from 'vitest/node'

const BY_TURNS = ['processes', 'browser']

/** Longest files first, as Vitest has it; files of the projects that run two at a time alternate, so that each runs beside the other. */
export class Sequence extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const [processes, browser] = BY_TURNS.map((name) => sorted.filter(({ project }) => project.name === name))
    const turns = Array.from({ length: sorted.length }, (_, at) => [processes![at], browser![at]]).flat()
    return [
      ...sorted.filter(({ project }) => !BY_TURNS.includes(project.name)),
      ...turns.filter((file) => file !== undefined),
    ]
  }
}
