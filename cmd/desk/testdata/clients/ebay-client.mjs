// ebay-api, sent to the sandbox.
import eBayApi from 'ebay-api';
import { generateSignature } from './node_modules/ebay-api/dist/api/digitalSignature.js';
import { need } from './common.mjs';

const base = need('BASE');
export const ebay = new eBayApi({
  appId: need('CLIENT_ID'), certId: need('CLIENT_SECRET'), devId: 'none', sandbox: false,
  marketplaceId: eBayApi.MarketplaceId.EBAY_DE,
});
let signing;
export const signWith = (keys) => {
  signing = keys;
  ebay.setSignature(keys);
};
// The client knows only eBay's own hosts: they are sent to the sandbox. What it
// signed for them it signs for the sandbox's address and path.
ebay.req.instance.interceptors.request.use((config) => {
  const url = new URL(config.url);
  if (!/(^|\.)ebay\.com$/.test(url.hostname)) throw new Error(`unexpected host ${url.hostname}`);
  config.url = base + url.pathname + url.search;
  if (config.headers['signature']) {
    const created = Number(/created=(\d+)/.exec(config.headers['signature-input'])[1]);
    const headers = { 'content-digest': config.headers['content-digest'], 'x-ebay-signature-key': signing.jwe };
    const at = new URL(config.url);
    config.headers['signature'] = generateSignature(headers, signing.privateKey,
      { method: config.method.toUpperCase(), authority: at.host, path: at.pathname }, config.data, created);
  }
  return config;
});
ebay.OAuth2.setCredentials({ refresh_token: need('REFRESH'), access_token: 'stale', expires_in: 0, token_type: 'User Access Token' });
await ebay.OAuth2.refreshToken();
