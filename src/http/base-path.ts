/** Where the contract's routes stand, below whatever prefix the plugin is given. */
export const BASE_PATH = '/api/v1/queue'
