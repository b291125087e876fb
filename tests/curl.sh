#!/usr/bin/env bash
# A whole payment by the command line: a merchant's server in bash, with curl for HTTP and openssl for signatures, and nothing of this project but
# the gateway's own program. Read it from top to bottom to learn what a merchant has to do:
#
#   1. sign an order, and send it; 2. verify the answer; 3. the buyer pays; 4. verify the notification; 5. ask how the order stands;
#   6. refund a part; 7. close another order that nobody has paid; 8. see that the gateway verifies, too.
#
# It ends with the first thing that is wrong.
set -euo pipefail
# Signatures are over bytes.
export LC_ALL=C

if [ $# -ne 1 ]; then
  echo "usage: $0 PROGRAM    (target/debug/alipay-mock, after: cargo build --package alipay-mock)" >&2
  exit 2
fi
program="$(realpath "$1")"
work="$(mktemp -d)"
gateway_id=""
cleanup() {
  if [ -n "$gateway_id" ]; then kill "$gateway_id" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "$0: $1" >&2
  exit 1
}

# --- The gateway -------------------------------------------------------------------------------------------------------------------------------

# It makes the keys of both sides on its first start. The merchant uses its own private key, and Alipay's public key. Everything that the program
# keeps goes to the temporary folder.
app_id=2021000000000001
keys="$work/keys"
cd "$work"
exec {output}< <(HOME="$work" exec "$program" --listen 127.0.0.1:0 --app-id "$app_id" --data "$keys")
gateway_id=$!
url=""
while [ -z "$url" ] && read -r -u "$output" line; do
  if [[ "$line" == "listening on "* ]]; then url="${line#listening on }"; fi
done
[ -n "$url" ] || fail "the gateway did not start"
app_private_key="$keys/app-private-key.pem"
alipay_public_key="$keys/alipay-public-key.pem"
echo "the gateway listens on $url"

# --- The merchant's tools ----------------------------------------------------------------------------------------------------------------------

# Base64 of the signature over a text: RSA2, which is SHA-256 with RSA.
sign() { # TEXT
  printf %s "$1" | openssl dgst -sha256 -sign "$app_private_key" | openssl base64 -A
}

# Whether Alipay has signed a text.
is_signed() { # TEXT SIGNATURE
  printf %s "$2" | openssl base64 -d -A >"$work/signature"
  printf %s "$1" >"$work/text"
  openssl dgst -sha256 -verify "$alipay_public_key" -signature "$work/signature" "$work/text" >/dev/null 2>&1
}

# What is signed of a request and of a notification: NAME=VALUE for each parameter, in the order of the names, with & between them.
joined() { # NAME=VALUE…
  printf '%s\n' "$@" | sort | paste -sd '&' | tr -d '\n'
}

# Calls a method of the gateway, and verifies its answer. Gives the answer's content: a JSON object.
call() { # METHOD BIZ_CONTENT [PARAMETER…]
  local method="$1" parameters parameter form=() body root rest content
  parameters=(
    "app_id=$app_id" "method=$1" "format=JSON" "charset=utf-8" "sign_type=RSA2" "version=1.0"
    # Beijing time, whatever the machine's zone.
    "timestamp=$(TZ=CST-8 date '+%Y-%m-%d %H:%M:%S')"
    "biz_content=$2" "${@:3}"
  )
  parameters+=("sign=$(sign "$(joined "${parameters[@]}")")")
  for parameter in "${parameters[@]}"; do form+=(--data-urlencode "$parameter"); done
  body="$(curl --silent --show-error --fail --noproxy '*' --max-time 30 "${form[@]}" "$url/gateway.do")"
  # {"alipay_trade_query_response":{…},"sign":"…"}: the signature is over the exact text of the object.
  root="${method//./_}_response"
  [[ "$body" == "{\"$root\":{"*'},"sign":"'*'"}' ]] || fail "$method: the answer is not signed: $body"
  rest="${body#"{\"$root\":"}"
  content="${rest%,\"sign\":\"*}"
  rest="${rest##*,\"sign\":\"}"
  is_signed "$content" "${rest%\"\}}" || fail "$method: the signature of the answer does not hold: $body"
  printf %s "$content"
}

# A member of a JSON object whose value is a text. It takes the last of that name; jq would do better.
member() { # NAME JSON
  sed -nE "s/.*\"$1\":\"([^\"]*)\".*/\1/p" <<<"$2"
}

# Ends the script unless a member has this value.
expect() { # JSON NAME VALUE
  [ "$(member "$2" "$1")" = "$3" ] || fail "$2 should be $3: $1"
}

# What happens without the merchant: the buyer, and what Alipay does.
control() { # PATH [JSON]
  curl --silent --show-error --fail --noproxy '*' --max-time 30 ${2+--data "$2"} "$url/_mock/$1"
}

decoded() { # TEXT of a form
  local text="${1//+/ }"
  printf '%b' "${text//%/\\x}"
}

# Verifies a notification, and gives a parameter of it. The body comes as the gateway sends it: NAME=VALUE&NAME=VALUE…, with % codes.
notified() { # BODY NAME
  local pair pairs=() signature="" value=""
  local -a sent
  IFS='&' read -ra sent <<<"$1"
  for pair in "${sent[@]}"; do
    pair="$(decoded "${pair%%=*}")=$(decoded "${pair#*=}")"
    case "$pair" in
    sign=*) signature="${pair#sign=}" ;;
    # The one parameter beside the signature that is not signed in a notification.
    sign_type=*) ;;
    *) pairs+=("$pair") ;;
    esac
    if [ "${pair%%=*}" = "$2" ]; then value="${pair#*=}"; fi
  done
  is_signed "$(joined "${pairs[@]}")" "$signature" || fail "the signature of the notification does not hold: $1"
  printf %s "$value"
}

# The body of the latest notification about an order. The gateway posts it to notify_url, again and again until the answer is `success`. Bash can't listen
# for a request, so this asks the gateway what it sends.
notification() { # OUT_TRADE_NO
  member body "$(control "trades/$1")"
}

# --- The payment -------------------------------------------------------------------------------------------------------------------------------

order="curl-$(openssl rand -hex 8)"
# Where a real server would listen; here, nobody does.
notify_url="http://127.0.0.1:9/notify"

# 1 and 2. The order: the answer has a QR code for the buyer.
answer="$(call alipay.trade.precreate \
  '{"out_trade_no":"'"$order"'","total_amount":"88.80","subject":"一壶茶"}' "notify_url=$notify_url")"
expect "$answer" code 10000
echo "1. ordered $order"
echo "2. the answer is Alipay's; the buyer scans $(member qr_code "$answer")"

# 3. The buyer scans the code and pays. On a phone, that is the QR code's page.
control "trades/$order/pay" '{}' >/dev/null
echo "3. the buyer has paid"

# 4. The notification: verified first, and then compared with what the merchant knows.
body="$(notification "$order")"
[ "$(notified "$body" app_id)" = "$app_id" ] || fail "the notification is for another app"
[ "$(notified "$body" out_trade_no)" = "$order" ] || fail "the notification is about another order"
[ "$(notified "$body" total_amount)" = 88.80 ] || fail "the notification names another amount"
[ "$(notified "$body" trade_status)" = TRADE_SUCCESS ] || fail "the notification does not say that the order is paid"
echo "4. the notification is Alipay's: TRADE_SUCCESS"
# What somebody has changed does not pass.
if (notified "${body/total_amount=88.80/total_amount=0.01}" total_amount) >/dev/null 2>&1; then
  fail "a notification that was changed passes"
fi

# 5. A merchant who missed the notification asks.
answer="$(call alipay.trade.query '{"out_trade_no":"'"$order"'"}')"
expect "$answer" trade_status TRADE_SUCCESS
expect "$answer" total_amount 88.80
trade_no="$(member trade_no "$answer")"
echo "5. the query says so, too: $trade_no"

# 6. A part goes back. The number makes the refund this one: sent twice, it is carried out once.
for attempt in first second; do
  answer="$(call alipay.trade.refund '{"trade_no":"'"$trade_no"'","refund_amount":"8.80","out_request_no":"'"$order"'-1"}')"
  expect "$answer" code 10000
  expect "$answer" refund_fee 8.80
  case "$attempt" in first) expect "$answer" fund_change Y ;; second) expect "$answer" fund_change N ;; esac
done
answer="$(call alipay.trade.fastpay.refund.query '{"trade_no":"'"$trade_no"'","out_request_no":"'"$order"'-1"}')"
expect "$answer" refund_status REFUND_SUCCESS
expect "$answer" refund_amount 8.80
body="$(notification "$order")"
[ "$(notified "$body" out_biz_no)" = "$order-1" ] || fail "the notification is about another refund"
[ "$(notified "$body" refund_fee)" = 8.80 ] || fail "the notification names another refund"
echo "6. 8.80 of 88.80 have gone back, once"

# 7. An order that nobody has paid is closed. `create` makes its trade at once, so there is something to close.
answer="$(call alipay.trade.create \
  '{"out_trade_no":"'"$order"'-2","total_amount":"1.00","subject":"一杯茶","buyer_id":"2088102146225135"}' "notify_url=$notify_url")"
expect "$answer" code 10000
answer="$(call alipay.trade.close '{"out_trade_no":"'"$order"'-2"}')"
expect "$answer" code 10000
answer="$(call alipay.trade.query '{"out_trade_no":"'"$order"'-2"}')"
expect "$answer" trade_status TRADE_CLOSED
[ "$(notified "$(notification "$order-2")" trade_status)" = TRADE_CLOSED ] || fail "the notification does not say that the order is closed"
echo "7. the other order is closed"

# 8. What is changed after it was signed is refused.
parameters="app_id=$app_id&charset=utf-8&method=alipay.trade.query&sign_type=RSA2&timestamp=2026-03-20%2012%3A00%3A00&version=1.0"
body="$(curl --silent --show-error --fail --noproxy '*' --max-time 30 --data "$parameters" \
  --data-urlencode 'biz_content={"out_trade_no":"'"$order"'"}' --data-urlencode "sign=$(sign "something else")" "$url/gateway.do")"
[ "$(member sub_code "$body")" = isv.invalid-signature ] || fail "the gateway takes what the merchant has not signed: $body"
echo "8. the gateway refuses what the merchant has not signed"
echo "the payment is complete"
