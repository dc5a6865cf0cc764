// amazon-sp-api, sent to the sandbox.
import { createRequire } from 'node:module';
import http from 'node:http';
import { need, sendTo } from './common.mjs';

const require = createRequire(import.meta.url);
sendTo(require('https'), http, new URL(need('BASE')), /(^|\.)amazon\.com$/);
const { SellingPartner } = require('amazon-sp-api');

export const sp = new SellingPartner({
  region: 'fe', refresh_token: need('REFRESH'), options: { version_fallback: false },
  credentials: { SELLING_PARTNER_APP_CLIENT_ID: need('CLIENT_ID'), SELLING_PARTNER_APP_CLIENT_SECRET: need('CLIENT_SECRET') },
});
