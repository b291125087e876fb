//! `alipay.open.*`: the authorisations of merchants, and the certificates of Alipay.

use serde_json::Value;

use super::{Behaviour, Call, Played};
use crate::clock::beijing;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::authorisations::{ExchangeRefusal, TokenStatus};

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "alipay.open.auth.token.app",
        errors: &[
            "GRANT_TYPE_INVALID",
            "AUTH_CODE_NOT_EXIST",
            "AUTH_CODE_NOT_VALID",
            "REFRESH_TOKEN_NOT_EXIST",
            "REFRESH_TOKEN_NOT_VALID",
            "REFRESH_TOKEN_TIME_OUT",
        ],
        play: token,
    },
    Behaviour {
        method: "alipay.open.auth.token.app.query",
        errors: &["AUTH_TOKEN_NOT_EXISTED"],
        play: query,
    },
    Behaviour {
        method: "alipay.open.app.alipaycert.download",
        errors: &[],
        play: download,
    },
];

fn token(call: &mut Call<'_>) -> Result<Played, Failure> {
    let granted = match call.required("grant_type").as_str() {
        "authorization_code" => call
            .state
            .authorisations
            .exchange(&call.required("code"), call.now)
            .map_err(|refusal| match refusal {
                ExchangeRefusal::Unknown => ("AUTH_CODE_NOT_EXIST", "授权码不存在"),
                ExchangeRefusal::Spent | ExchangeRefusal::Expired => {
                    ("AUTH_CODE_NOT_VALID", "授权码无效：已使用、已过期或授权已变更")
                }
            }),
        "refresh_token" => call
            .state
            .authorisations
            .renew(&call.required("refresh_token"), call.now)
            .map_err(|refusal| match refusal {
                ExchangeRefusal::Unknown => ("REFRESH_TOKEN_NOT_EXIST", "刷新令牌不存在"),
                ExchangeRefusal::Spent => (
                    "REFRESH_TOKEN_NOT_VALID",
                    "刷新令牌无效：已被新的令牌取代，或授权已取消",
                ),
                ExchangeRefusal::Expired => ("REFRESH_TOKEN_TIME_OUT", "刷新令牌已过期"),
            }),
        _ => Err(("GRANT_TYPE_INVALID", "grant_type 无效")),
    };
    let grant = granted.map_err(|(code, message)| call.refuse(code, message))?;
    Ok(Played::success(
        Fields::new()
            .with("app_auth_token", grant.token)
            .with("app_refresh_token", grant.refresh)
            .with("auth_app_id", grant.grantor.auth_app_id)
            .with("expires_in", grant.seconds.0.to_string())
            .with("re_expires_in", grant.seconds.1.to_string())
            .with("user_id", grant.grantor.user_id),
    ))
}

fn query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let Some(grant) = call.state.authorisations.find(&call.required("app_auth_token")) else {
        return Err(call.refuse("AUTH_TOKEN_NOT_EXISTED", "应用授权令牌不存在"));
    };
    let methods: Vec<Value> = call.specs.methods().into_iter().map(Value::from).collect();
    let is_valid = grant.status(call.now) == TokenStatus::Valid;
    Ok(Played::success(
        Fields::new()
            .with("user_id", grant.grantor.user_id.clone())
            .with("auth_app_id", grant.grantor.auth_app_id.clone())
            .with("expires_in", grant.seconds.0)
            .with("auth_methods", methods)
            .with("auth_start", beijing(grant.start))
            .with("auth_end", beijing(grant.end))
            .with("status", if is_valid { "valid" } else { "invalid" })
            .with("is_by_app_auth", true),
    ))
}

fn download(call: &mut Call<'_>) -> Result<Played, Failure> {
    let sn = call.required("alipay_cert_sn");
    let certificates = call.state.identity.certificates();
    match certificates.and_then(|certificates| certificates.handed_out(&sn)) {
        Some(content) => Ok(Played::success(Fields::new().with("alipay_cert_content", content))),
        None => Err(Failure::invalid("isv.alipay-cert-not-exist", "支付宝公钥证书不存在")),
    }
}
