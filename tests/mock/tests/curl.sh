#!/usr/bin/env bash
# Calls 20 methods of 17 products on a running `alipay-mock`, verifies the signature of every answer and checks its fields. It has nothing of this
# project: only bash, curl, openssl, grep, sed and sort. It ends with the first thing that is wrong.
set -euo pipefail
# Bytes are bytes.
export LC_ALL=C

if [ $# -ne 3 ]; then
  echo "usage: $0 URL KEYS APP_ID    (as alipay-mock prints them at its start; KEYS is its data directory)" >&2
  exit 2
fi
url="$1" keys="$2" app_id="$3"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
method="" called=0 products=()

fail() {
  echo "$0: $method: $1" >&2
  exit 1
}

# Plays a person, such as the buyer who pays.
control() { # PATH JSON
  curl --silent --show-error --fail --noproxy '*' --max-time 30 --data "$2" "$url/_mock/$1"
}

# The text of a member of a JSON object that has no such member inside.
member() { # NAME JSON
  sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/" <<<"$2"
}

# Signs a call and sends it. The answer is in $work/body, its header in $work/head.
send() { # BIZ_CONTENT PARAMETER…; a parameter is NAME=VALUE, or NAME=@FILE
  local parameters=("app_id=$app_id" "charset=utf-8" "format=JSON" "method=$method" "sign_type=RSA2" "version=1.0")
  parameters+=("timestamp=$(TZ=CST-8 date '+%Y-%m-%d %H:%M:%S')" "biz_content=$1")
  local parameter files=() form=() message sign encoding="--data-urlencode"
  for parameter in "${@:2}"; do
    if [[ "$parameter" == *=@* ]]; then
      files+=(--form "$parameter")
      encoding="--form-string"
    else
      parameters+=("$parameter")
    fi
  done
  message=""
  while IFS= read -r parameter; do
    message+="${message:+&}$parameter"
  done < <(printf '%s\n' "${parameters[@]}" | sort)
  sign="$(printf %s "$message" | openssl dgst -sha256 -sign "$keys/app-private-key.pem" | openssl base64 -A)"
  for parameter in "${parameters[@]}" "sign=$sign" ${late+"$late"}; do
    form+=("$encoding" "$parameter")
  done
  curl --silent --show-error --fail --noproxy '*' --max-time 30 --dump-header "$work/head" --output "$work/body" \
    "${form[@]}" ${files[@]+"${files[@]}"} "$url/gateway.do"
}

is_signed() { # NODE
  printf %s "$1" >"$work/node"
  openssl dgst -sha256 -verify "$keys/alipay-public-key.pem" -signature "$work/sign" "$work/node" >"$work/said" 2>&1
}

# The answer's content, verified: in $node.
verified() {
  local body root="${method//./_}_response" rest sign
  body="$(<"$work/body")"
  [[ "$body" == "{\"$root\":{"* ]] || fail "the answer has no $root: $body"
  rest="${body#"{\"$root\":"}"
  [[ "$rest" == *'},"sign":"'*'"}' ]] || fail "the answer has no signature: $body"
  node="${rest%,\"sign\":\"*}"
  sign="${rest##*,\"sign\":\"}"
  printf %s "${sign%\"\}}" | openssl base64 -d -A >"$work/sign"
  is_signed "$node" || fail "the answer's signature does not hold: $body"
  if is_signed "${node%\}} }"; then
    fail "openssl takes a text that was changed for the signed one"
  fi
}

# Calls a method and checks its answer.
check() { # played|not-played PRODUCT METHOD BIZ_CONTENT [PARAMETER…] -- PATTERN…
  local source="$1" product="$2" content="$4" parameters=() pattern
  method="$3"
  shift 4
  while [ "$1" != "--" ]; do
    parameters+=("$1")
    shift
  done
  shift
  send "$content" ${parameters[@]+"${parameters[@]}"}
  verified
  for pattern in "$@"; do
    grep -qE -- "$pattern" <<<"$node" || fail "the answer does not have $pattern: $node"
  done
  if grep -qi '^alipay-mock-answer: not-played' "$work/head"; then
    [ "$source" = not-played ] || fail "the answer is marked as not played"
  else
    [ "$source" = played ] || fail "the answer is not marked as not played"
  fi
  called=$((called + 1))
  products+=("$product")
  printf '%2d  %-18s  %-52s  %-10s  signature verified, %d patterns found\n' "$called" "$product" "$method" "$source" "$#"
}

success='^\{"code":"10000","msg":"Success"[,}]'
text='"[^"]+"'
amount='"[0-9]+\.[0-9]{2}"'
time='"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"'
user=2088102146225135
# The script may be run again.
order="curl-$(openssl rand -hex 8)"

# What the gateway plays: an order that is paid and partly refunded, a user who logs in, a merchant who authorises the app.
check played trade alipay.trade.create '{"out_trade_no":"'"$order"'","total_amount":"88.80","subject":"测试订单，其他","buyer_id":"'$user'"}' -- \
  "$success" '"out_trade_no":"'"$order"'"' '"trade_no":"[0-9]{28}"'
trade_no="$(member trade_no "$node")"
control "trades/$order/pay" '{}' >/dev/null
check played trade alipay.trade.query '{"trade_no":"'"$trade_no"'"}' -- \
  "$success" '"out_trade_no":"'"$order"'"' '"trade_status":"TRADE_SUCCESS"' '"total_amount":"88.80"' "\"send_pay_date\":$time"
check played trade alipay.trade.refund '{"out_trade_no":"'"$order"'","refund_amount":"8.80","out_request_no":"r1"}' -- \
  "$success" "\"trade_no\":\"$trade_no\"" '"fund_change":"Y"' '"refund_fee":"8.80"'

code="$(member auth_code "$(control user-authorizations '{"user_id":"'$user'","scope":"auth_user"}')")"
check played system alipay.system.oauth.token '{}' grant_type=authorization_code "code=$code" -- \
  "\"access_token\":$text" "\"refresh_token\":$text" '"expires_in":"?[0-9]+"?' "\"user_id\":\"$user\""
token="$(member access_token "$node")"
check played user alipay.user.info.share '{}' "auth_token=$token" -- "$success" "\"user_id\":\"$user\""

code="$(member app_auth_code "$(control authorizations '{"auth_app_id":"2021000000000009"}')")"
check played open_auth alipay.open.auth.token.app '{"grant_type":"authorization_code","code":"'"$code"'"}' -- \
  "$success" '"auth_app_id":"2021000000000009"' "\"app_auth_token\":$text" "\"app_refresh_token\":$text"

month="$(TZ=CST-8 date -d "$(TZ=CST-8 date +%Y-%m-01) -1 day" +%Y-%m)"
check played data alipay.data.dataservice.bill.downloadurl.query '{"bill_type":"trade","bill_date":"'"$month"'"}' -- \
  "$success" '"bill_download_url":"http://[^"]+/bill/[0-9a-f]{32}"' '"bill_file_code":"EMPTY_DATA_WITH_BILL_FILE"'

# What it does not play: fields of the request come back, the others are as the specs say.
check not-played fund alipay.fund.account.query '{"account_type":"ACCTRANS_ACCOUNT","alipay_user_id":"'$user'"}' -- \
  "$success" "\"available_amount\":$amount" "\"freeze_amount\":$amount" "\"total_amount\":$amount"
check not-played data alipay.data.bill.balance.query '{}' -- \
  "$success" "\"total_amount\":$amount" "\"available_amount\":$amount" "\"freeze_amount\":$amount"
check not-played open_app alipay.open.app.members.query '{}' -- \
  "$success" '"app_member_info_list":\[\{[^]]+\}\]' "\"gmt_invite\":$time" "\"nick_name\":$text"
check not-played open_mini alipay.open.mini.baseinfo.query '{}' -- \
  "$success" "\"app_name\":$text" "\"package_names\":\[$text" '"registration_limit_release":true'
check not-played open_public alipay.open.public.menu.query '{}' -- "$success" '"menu_content":"\{.*\}"'
check not-played marketing_activity alipay.marketing.activity.query '{"activity_id":"2016042700826004508401119999"}' -- \
  "$success" '"activity_id":"2016042700826004508401119999"' "\"publish_start_time\":$time" '"activity_base_info":\{'
check not-played marketing alipay.marketing.campaign.cash.list.query '{"camp_status":"READY","page_index":"3","page_size":"7"}' -- \
  "$success" '"page_index":"3"' '"page_size":"7"' '"camp_list":\[\{' "\"total_size\":$text"
check not-played commerce alipay.commerce.logistics.waybill.istddetail.query '{"waybill_no":"w1","shop_no":"s1","logistics_code":"c1"}' -- \
  "$success" '"reach_duration":[0-9]+' "\"status\":$text"
check not-played commerce_rent alipay.commerce.rent.order.query '{"order_id":"20260320","buyer_id":"'$user'"}' -- \
  "$success" '"order_id":"20260320"' "\"buyer_id\":\"$user\"" '"item_infos":\[\{'
check not-played open_mini_order alipay.open.mini.order.query '{"order_id":"20260321","user_id":"'$user'"}' -- \
  "$success" '"order_id":"20260321"' "\"create_time\":$time" '"order_detail":\{'
check not-played pcredit alipay.pcredit.huabei.auth.order.query '{"auth_opt_id":"9","out_request_no":"8"}' -- \
  "$success" '"auth_opt_id":"9"' '"out_request_no":"8"' "\"rest_freeze_amount\":$amount" "\"gmt_trans\":$time"
check not-played iservice alipay.iservice.ccm.role.get '{"ccs_instance_id":"i1","id":"r1"}' -- \
  "$success" '"ccs_instance_id":"i1"' '"id":"r1"' "\"create_time\":$time" '"function_ids":\['
printf 'not really a picture' >"$work/shop.jpg"
check not-played offline alipay.offline.material.image.upload '{}' image_type=jpg image_name=shop "image_content=@$work/shop.jpg" -- \
  "$success" "\"image_id\":$text" '"image_url":"https?://[^"]+"'

# The gateway verifies, too: what is added after signing is noticed.
late="notify_url=https://example.com/" method=alipay.trade.query
send '{"out_trade_no":"'"$order"'"}'
grep -q '"sub_code":"isv.invalid-signature"' "$work/body" || fail "the gateway takes a request that was changed after signing: $(<"$work/body")"

count="$(printf '%s\n' "${products[@]}" | sort -u | grep -c .)"
echo "$called methods of $count products"
