// Calls a running `alipay-mock` with Alipay's own SDK for Node.js, over V2, V3 and with content encryption, and prints a line for each thing that holds.
// It ends with the first thing that does not. Run it in a folder that has `alipay-sdk`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { AlipaySdk, AlipayFormData } = createRequire(join(process.cwd(), "here.js"))("alipay-sdk");
const [url, keys, appId, encryptKey] = process.argv.slice(2);
const text = (name) => readFileSync(join(keys, name), "utf8");
const sdk = new AlipaySdk({
  appId,
  privateKey: text("app-private-key.pem"),
  keyType: "PKCS8",
  alipayPublicKey: text("alipay-public-key.pem"),
  gateway: `${url}/gateway.do`,
  endpoint: url,
  encryptKey,
});

const holds = async (what, check) => {
  await check();
  console.log(what);
};
const control = async (path, body) => {
  const answer = await fetch(`${url}/_mock/${path}`, { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
};
const order = (number) => ({ out_trade_no: number, total_amount: "88.80", subject: "测试订单" });
const paid = (number) => control(`trades/${number}/pay`, {});

await holds("V2: an order is made, paid, queried and refunded", async () => {
  const made = await sdk.exec("alipay.trade.precreate", { bizContent: order("n1") }, { validateSign: true });
  assert.equal(made.code, "10000");
  await paid("n1");
  const query = { bizContent: { out_trade_no: "n1" } };
  const queried = await sdk.exec("alipay.trade.query", query, { validateSign: true });
  assert.equal(queried.tradeStatus, "TRADE_SUCCESS");
  assert.equal(queried.totalAmount, "88.80");
  const refund = { bizContent: { out_trade_no: "n1", refund_amount: "8.80", out_request_no: "r1" } };
  const refunded = await sdk.exec("alipay.trade.refund", refund, { validateSign: true });
  assert.equal(refunded.refundFee, "8.80");
});

await holds("V2: a refusal", async () => {
  const query = { bizContent: { out_trade_no: "nobody's" } };
  const refused = await sdk.exec("alipay.trade.query", query, { validateSign: true });
  assert.equal(refused.subCode, "ACQ.TRADE_NOT_EXIST");
});

await holds("V2: encrypted content", async () => {
  const query = { bizContent: { out_trade_no: "n1" }, needEncrypt: true };
  // The SDK looks for the braces of what is signed, and a ciphertext has none: it can't verify this answer.
  const queried = await sdk.exec("alipay.trade.query", query);
  assert.equal(queried.tradeStatus, "TRADE_SUCCESS");
});

await holds("V2: the address of a payment page", async () => {
  const page = sdk.pageExec("alipay.trade.page.pay", "GET", {
    bizContent: { ...order("n2"), product_code: "FAST_INSTANT_TRADE_PAY" },
    returnUrl: "https://shop.example/back",
  });
  const answer = await fetch(page);
  assert.equal(answer.status, 200, await answer.text());
});

await holds("V3: an order is made, paid, queried and refunded", async () => {
  const made = await sdk.curl("POST", "/v3/alipay/trade/precreate", { body: order("n3") });
  assert.equal(made.responseHttpStatus, 200);
  assert.match(made.data.qr_code, /^http/);
  await paid("n3");
  const queried = await sdk.curl("POST", "/v3/alipay/trade/query", { body: { out_trade_no: "n3" } });
  assert.equal(queried.data.trade_status, "TRADE_SUCCESS");
  const refund = { out_trade_no: "n3", refund_amount: "8.80", out_request_no: "r3" };
  const refunded = await sdk.curl("POST", "/v3/alipay/trade/refund", { body: refund });
  assert.equal(refunded.data.refund_fee, "8.80");
});

await holds("V3: fields in the query", async () => {
  const template = await sdk.curl("GET", "/v3/alipay/marketing/card/template/query", { query: { template_id: "卡 1&2" } });
  assert.equal(template.responseHttpStatus, 200);
});

await holds("V3: a refusal", async () => {
  const query = sdk.curl("POST", "/v3/alipay/trade/query", { body: { out_trade_no: "nobody's" } });
  await assert.rejects(query, (error) => {
    assert.equal(error.code, "ACQ.TRADE_NOT_EXIST");
    assert.equal(error.responseHttpStatus, 400);
    return true;
  });
});

await holds("V3: encrypted content", async () => {
  const body = { out_trade_no: "n3" };
  const queried = await sdk.curl("POST", "/v3/alipay/trade/query", { body, needEncrypt: true });
  assert.equal(queried.data.trade_status, "TRADE_SUCCESS");
});

await holds("V3: a file", async () => {
  const form = new AlipayFormData();
  form.addField("biz_code", "openpt_appstore");
  form.addFile("file_content", "logo.png", Buffer.from("89504e470d0a1a0a", "hex"));
  const uploaded = await sdk.curl("POST", "/v3/alipay/open/file/upload", { form });
  assert.match(uploaded.data.file_id, /./);
});
