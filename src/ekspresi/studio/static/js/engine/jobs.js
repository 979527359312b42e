/**
 * Let several jobs of the worker take turns, the urgent ones first, and cancel them.
 *
 * In: asynchronous functions with a priority. Out: their results. Does not know what they compute. A worker has one
 * thread: a job is canceled, or makes way, only where it waits at a checkpoint.
 */

/** Run jobs. */
export class Jobs {
  /** @type {Map<number, {priority: number, canceled: boolean, ended: Promise<void>}>} */
  #running = new Map();

  /**
   * Run a job.
   * @template T
   * @param {number} id by which it can be canceled.
   * @param {number} priority lower numbers go first.
   * @param {(checkpoint: () => Promise<void>) => Promise<T>} work awaits the checkpoint before each long step.
   * @returns {Promise<T>} rejects with an AbortError where it was canceled.
   */
  async run(id, priority, work) {
    let end;
    const job = { priority, canceled: false, ended: new Promise((resolve) => (end = resolve)) };
    this.#running.set(id, job);
    try {
      return await work(() => this.#checkpoint(job));
    } finally {
      this.#running.delete(id);
      end();
    }
  }

  /**
   * Cancel a job at its next checkpoint; nothing happens where it has ended.
   * @param {number} id
   */
  cancel(id) {
    const job = this.#running.get(id);
    if (job) job.canceled = true;
  }

  /** Receive waiting messages, and wait for the more urgent jobs of this moment; later ones wait for one step. */
  async #checkpoint(job) {
    await nextTask();
    const urgent = [...this.#running.values()].filter(({ priority }) => priority < job.priority);
    if (!job.canceled && urgent.length) await Promise.all(urgent.map(({ ended }) => ended));
    if (job.canceled) throw new DOMException("A newer request took its place.", "AbortError");
  }
}

const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()();

/** Wait until the worker has received the messages that are here; a timer would cost 4 ms. */
function nextTask() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}
