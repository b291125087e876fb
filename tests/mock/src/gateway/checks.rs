//! The checks before a call is carried out: the app, the method, the signature, the certificates and the merchant's token.

use jiff::Timestamp;

use crate::core::App;
use crate::protocol::Request;
use crate::protocol::failure::Failure;
use crate::specs::Target;
use crate::state::State;
use crate::state::authorisations::TokenStatus;
use crate::state::trades::Merchant;
use crate::validate::scalar::is_url;

/// A refusal, and whether the gateway knows the app well enough to sign it.
#[derive(Debug, PartialEq)]
pub(super) struct Refused {
    pub(super) failure: Failure,
    pub(super) signed: bool,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, signed: true }
    }
}

impl Refused {
    fn unsigned(failure: Failure) -> Self {
        Self { failure, signed: false }
    }
}

/// What the request says by itself, in the order in which the gateway looks at it.
pub(super) fn request<'t>(request: &dyn Request, target: Option<Target<'t>>, app: &App) -> Result<Target<'t>, Refused> {
    let app_id = request.app_id();
    let app_id = app_id.ok_or_else(|| Refused::unsigned(Failure::missing("isv.missing-app-id", "缺少 app_id 参数")))?;
    if app_id != app.id {
        return Err(Refused::unsigned(Failure::invalid(
            "isv.invalid-app-id",
            "无效的AppID参数",
        )));
    }
    request.readable()?;
    let name = request.method();
    let name = name.ok_or_else(|| Failure::missing("isv.missing-method", "缺少 method 参数"))?;
    let target = target.ok_or_else(|| unknown_method(name))?;
    request.well_formed()?;
    request.verified(&app.key).map_err(Refused::unsigned)?;
    if request.is_encrypted() {
        let message = "应用未配置 AES 密钥";
        return Err(Failure::invalid("isv.decryption-error-not-valid-encrypt-key", message).into());
    }
    let callbacks = request.callbacks();
    for (name, url) in [
        ("notify_url", callbacks.notify_url),
        ("return_url", callbacks.return_url),
    ] {
        if url.is_some_and(|url| !is_url(&url)) {
            let message = format!("{name} 应为 http 或 https 的绝对地址");
            return Err(Failure::invalid("isv.invalid-parameter", message).into());
        }
    }
    Ok(target)
}

/// There is no method of this name.
pub(super) fn unknown_method(name: &str) -> Failure {
    Failure::invalid("isv.invalid-method", format!("不存在的方法名: {name}"))
}

/// What the gateway has to know who calls for whom.
pub(super) fn caller(
    request: &dyn Request,
    target: Target<'_>,
    app: &App,
    state: &State,
    now: Timestamp,
) -> Result<Merchant, Failure> {
    certificates(request, target, state, now)?;
    merchant(request, app, state, now)
}

/// Whether the app names the certificates that it should: all in certificate mode, none in public-key mode, where some methods can't be called.
fn certificates(request: &dyn Request, target: Target<'_>, state: &State, now: Timestamp) -> Result<(), Failure> {
    let missing_app = || Failure::missing("isv.missing-app-cert-sn", "缺少应用公钥证书序列号");
    let unknown_app = || Failure::invalid("isv.app-cert-not-exist", "应用公钥证书不存在");
    let wants_certificate = target.method().is_some_and(|method| method.certificate_only);
    let (app, root) = (request.app_cert_sn(), request.root_cert_sn());
    match (state.identity.certificates(), app, root) {
        (None, None, _) if wants_certificate => Err(missing_app()),
        (None, Some(_), _) => Err(unknown_app()),
        (Some(_), None, _) => Err(missing_app()),
        (Some(_), _, None) => Err(Failure::missing(
            "isv.missing-alipay-root-cert-sn",
            "缺少支付宝根证书序列号",
        )),
        (Some(known), Some(app), _) if app != known.app_cert_sn() => Err(unknown_app()),
        (Some(known), _, Some(root)) if root != known.root_cert_sn() => Err(Failure::invalid(
            "isv.invalid-alipay-root-cert-sn",
            "支付宝根证书序列号不正确",
        )),
        (Some(known), _, _) if now > known.app_cert_end() => {
            Err(Failure::invalid("isv.app-cert-expired", "应用公钥证书已过期"))
        }
        (None, None, _) | (Some(_), _, _) => Ok(()),
    }
}

/// Whom the app calls for: itself, or the merchant whose token it carries.
fn merchant(request: &dyn Request, app: &App, state: &State, now: Timestamp) -> Result<Merchant, Failure> {
    let Some(token) = request.app_auth_token() else {
        return Ok(Merchant {
            app_id: app.id.clone(),
            auth_app_id: app.id.clone(),
            seller_id: app.seller_id.clone(),
        });
    };
    let grant = state.authorisations.find(token);
    match grant.map(|grant| (grant, grant.status(now))) {
        Some((grant, TokenStatus::Valid)) => Ok(Merchant {
            app_id: app.id.clone(),
            auth_app_id: grant.grantor.auth_app_id.clone(),
            seller_id: grant.grantor.user_id.clone(),
        }),
        Some((_, TokenStatus::Expired)) => Err(Failure::token("aop.app-auth-token-time-out", "应用授权令牌已过期")),
        Some((_, TokenStatus::Replaced | TokenStatus::Cancelled)) | None => {
            Err(Failure::token("aop.invalid-app-auth-token", "无效的应用授权令牌"))
        }
    }
}

#[cfg(test)]
mod tests;
