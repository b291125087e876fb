//! `alipay.system.oauth.token` and `alipay.user.info.share`: what users allow the app.

use super::{Behaviour, Call, Played};
use crate::clock::beijing;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::authorisations::ExchangeRefusal;
use crate::state::users::UserTokenStatus;

/// The one method whose answers have neither `code` nor `msg`, and whose errors stand under `error_response`.
pub(crate) const TOKEN: &str = "alipay.system.oauth.token";

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: TOKEN,
        errors: &[
            "isv.grant-type-invalid",
            "isv.code-invalid",
            "isv.refresh-token-invalid",
            "isv.refresh-token-time-out",
        ],
        play: token,
    },
    Behaviour {
        method: "alipay.user.info.share",
        errors: &[],
        play: share,
    },
];

fn token(call: &mut Call<'_>) -> Result<Played, Failure> {
    let lifetimes = *call.state.authorisations.lifetimes;
    let granted = match call.required("grant_type").as_str() {
        "authorization_code" => call
            .state
            .users
            .exchange(&call.required("code"), &lifetimes, call.now)
            .map_err(|_| ("isv.code-invalid", "授权码code无效")),
        "refresh_token" => call
            .state
            .users
            .renew(&call.required("refresh_token"), &lifetimes, call.now)
            .map_err(|refusal| match refusal {
                ExchangeRefusal::Unknown | ExchangeRefusal::Spent => {
                    ("isv.refresh-token-invalid", "刷新令牌refresh_token无效")
                }
                ExchangeRefusal::Expired => ("isv.refresh-token-time-out", "刷新令牌refresh_token已过期"),
            }),
        _ => Err(("isv.grant-type-invalid", "grant_type参数不正确")),
    };
    let grant = granted.map_err(|(code, message)| Failure::invalid(code, message))?;
    let fields = match grant.open_id {
        Some(open_id) => Fields::new().with("open_id", open_id),
        None => Fields::new()
            .with("user_id", grant.user_id.clone())
            .with("alipay_user_id", grant.user_id),
    };
    Ok(Played::Bare(
        fields
            .with("access_token", grant.token)
            .with("refresh_token", grant.refresh)
            .with("expires_in", grant.seconds.0)
            .with("re_expires_in", grant.seconds.1)
            .with("auth_start", beijing(grant.start)),
    ))
}

fn share(call: &mut Call<'_>) -> Result<Played, Failure> {
    let token = call.required("auth_token");
    let grant = match call.state.users.find(&token, call.now) {
        // Who the user is can be known without asking; all else can't.
        (UserTokenStatus::Valid, Some(grant)) if grant.scope.split(',').any(|scope| scope == "auth_user") => grant,
        (UserTokenStatus::Expired, _) => return Err(Failure::token("aop.auth-token-time-out", "访问令牌已过期")),
        _ => return Err(Failure::token("aop.invalid-auth-token", "无效的访问令牌")),
    };
    let mut fields = match &grant.open_id {
        Some(open_id) => Fields::new().with("open_id", open_id.clone()),
        None => Fields::new().with("user_id", grant.user_id.clone()),
    };
    let profile = call.state.users.profile(&grant.user_id);
    // The names are the spec's, which outlives every answer.
    for field in &call.method.response.fields {
        if let Some(value) = profile.get(&field.name) {
            fields = fields.with(field.name.clone(), value.clone());
        }
    }
    Ok(Played::success(fields))
}
