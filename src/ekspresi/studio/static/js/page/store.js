/** Hold the state of the page, and notify whoever draws a part of it. Does not know what the values mean. */

/**
 * Make a store.
 *
 * @param {object} state first values.
 * @returns {{state: object, set: function(object): void, on: function(string[], function(object): void): void}}
 *   `set` changes values; functions given to `on` run after a change of one of their keys.
 */
export function createStore(state) {
  const listeners = [];
  return {
    state,
    set(values) {
      const changed = Object.keys(values).filter((key) => state[key] !== values[key]);
      Object.assign(state, values);
      for (const { keys, draw } of listeners) {
        if (keys.some((key) => changed.includes(key))) draw(state);
      }
    },
    on(keys, draw) {
      listeners.push({ keys, draw });
    },
  };
}
