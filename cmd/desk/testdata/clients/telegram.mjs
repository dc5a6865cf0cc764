// A bot on Telegraf talks to the Bot API's fake by long polling.
import { Markup, Telegraf } from 'telegraf';
import { fail, need, say, untilEnd } from './common.mjs';

const bot = new Telegraf(need('TOKEN'), { telegram: { apiRoot: need('API') } });
bot.catch(fail);

bot.command('refund', async (ctx) => {
  const card = await ctx.replyWithHTML('<b>Refund</b> 59.90 &lt;EUR&gt;', Markup.inlineKeyboard([Markup.button.callback('Approve', 'ok:1')]));
  say('command', { text: ctx.message.text, from: ctx.from.id, message: card.message_id, shown: card.text, entities: card.entities });
});

bot.action(/^ok:(\d+)$/, async (ctx) => {
  await ctx.answerCbQuery('done');
  await ctx.editMessageText('Refunded 59.90 EUR');
  say('press', { from: ctx.from.id, match: ctx.match[1] });
});

bot.hears('photo', async (ctx) => {
  const photo = await ctx.replyWithPhoto({ source: Buffer.from('jpg'), filename: 'a.jpg' }, { caption: 'seen' });
  const file = await ctx.replyWithDocument({ source: Buffer.from('a,b\n'), filename: 'orders.csv' });
  const link = await ctx.telegram.getFileLink(file.document.file_id);
  const back = await (await fetch(link)).text();
  say('files', { photos: photo.photo.length, caption: photo.caption, name: file.document.file_name, back });
});

bot.on('message', async (ctx) => {
  await ctx.reply('heard', { reply_parameters: { message_id: ctx.message.message_id } });
  say('message', { text: ctx.message.text, chat: ctx.chat.id });
});

const me = await bot.telegram.getMe();
await bot.telegram.setMyCommands([{ command: 'refund', description: 'Give money back' }], { language_code: 'de' });
const menu = await bot.telegram.getMyCommands({ language_code: 'de' });
// Wrong calls must be refused with codes that the client understands.
const refused = await bot.telegram.sendMessage(404404, 'x').catch((err) => `${err.code} ${err.description}`);
const unparsed = await bot.telegram.sendMessage(Number(need('CHAT')), '<b>x', { parse_mode: 'HTML' }).catch((err) => err.code);
bot.launch({ dropPendingUpdates: false }).catch(fail);
say('ready', { me: me.username, menu, refused, unparsed });
await untilEnd();
bot.stop('end');
setTimeout(() => process.exit(0), 200); // a long poll may still be open
