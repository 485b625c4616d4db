export { type FakeClock, fakeClock } from './clock.ts'
export { type Drained, type DrainOptions, drain } from './drain.ts'
export { type JobFactory, type JobWish, jobFactory } from './factory.ts'
export { type Expected, type FakeQueue, fakeQueue, type SeenDispatch } from './fake-queue.ts'
