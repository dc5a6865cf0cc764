// A bot on Bolt, Slack's own framework, talks to the workspace's fake.
import bolt from '@slack/bolt';
import { fail, need, say, untilEnd } from './common.mjs';

const app = new bolt.App({
  token: need('BOT_TOKEN'),
  appToken: need('APP_TOKEN'),
  socketMode: true,
  logLevel: bolt.LogLevel.ERROR,
  clientOptions: { slackApiUrl: need('API') },
});
app.error(async (err) => fail(err));

const text = (t) => ({ type: 'plain_text', text: t });

app.command('/desk', async ({ command, ack, say: post, respond }) => {
  await ack();
  const card = await post({
    text: 'Refund 59.90 EUR',
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: '*Refund* 59.90 EUR' } },
      { type: 'actions', elements: [{ type: 'button', action_id: 'ok', value: 'v1', text: text('Approve') }] },
    ],
  });
  await respond({ text: 'asked', response_type: 'ephemeral' });
  say('command', { text: command.text, user: command.user_id, ts: card.ts, channel: card.channel });
});

app.action('ok', async ({ ack, body, action, client }) => {
  await ack();
  const view = await client.views.open({
    trigger_id: body.trigger_id,
    view: {
      type: 'modal', callback_id: 'why', title: text('Why?'), submit: text('Send'), private_metadata: body.message.ts,
      blocks: [{ type: 'input', block_id: 'note', label: text('Note'), element: { type: 'plain_text_input', action_id: 'in' } }],
    },
  });
  say('press', { user: body.user.id, value: action.value, view: view.view.id });
});

app.view('why', async ({ ack, body, view, client }) => {
  await ack();
  const ts = view.private_metadata;
  const note = view.state.values.note.in.value;
  const channel = need('CHANNEL');
  await client.chat.update({ channel, ts, text: `Refunded: ${note}`, blocks: [] });
  await client.chat.postMessage({ channel, thread_ts: ts, text: 'in the thread' });
  await client.chat.postEphemeral({ channel, user: body.user.id, text: 'only you' });
  const replies = await client.conversations.replies({ channel, ts });
  const person = await client.users.info({ user: body.user.id });
  say('form', { note, replies: replies.messages.map((m) => m.text), name: person.user.name });
});

app.event('app_mention', async ({ event, say: post }) => {
  const answer = await post({ text: 'heard', thread_ts: event.thread_ts ?? event.ts });
  say('mention', { text: event.text, user: event.user, thread: event.thread_ts, ts: answer.ts });
});

const me = await app.client.auth.test();
await app.start();
// A wrong call must be refused with a code that the client understands.
const refused = await app.client.chat.postMessage({ channel: 'C0NOWHERE', text: 'x' }).catch((err) => err.data?.error ?? String(err));
say('ready', { me: me.user_id, refused });
await untilEnd();
await app.stop();
