/** Of Express, what the tests of mounting use. */
declare module 'express' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

  interface Request extends IncomingMessage {
    body: unknown
  }
  interface Response extends ServerResponse {
    send(text: string): void
    json(value: unknown): void
  }
  type Middleware = (request: Request, response: Response, next: () => void) => void
  interface Application extends RequestListener {
    use(middleware: Middleware): void
    use(path: string, middleware: Middleware): void
    get(path: string, answer: (request: Request, response: Response) => void): void
    post(path: string, answer: (request: Request, response: Response) => void): void
  }
  function express(): Application
  namespace express {
    function json(): Middleware
  }
  export default express
}
