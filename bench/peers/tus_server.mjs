// SPDX-License-Identifier: Apache-2.0
// @tus/server with its file store, as its documentation starts it.
//
//   node tus_server.mjs DIR        listens on a free port of the loopback and prints it
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const server = new Server({ path: '/files', datastore: new FileStore({ directory: process.argv[2] }) });
const listener = server.listen({ host: '127.0.0.1', port: 0 }, () => {
  console.log(`listening on http://127.0.0.1:${listener.address().port}`);
});
