import { Job } from 'sidequest'

/** Sidequest finds jobs in a file of this kind; its inline runner loads it into the worker's own process. */
export class BenchJob extends Job {
  static seen = async () => {}

  async run({ number, sentAt }) {
    await BenchJob.seen(number, sentAt)
  }
}
