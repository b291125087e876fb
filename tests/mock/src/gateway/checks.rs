//! The checks before a call is carried out: the app, the method, the signature, the certificates and the merchant's token.

use jiff::Timestamp;

use crate::core::App;
use crate::encryption::EncryptType;
use crate::protocol::Request;
use crate::protocol::failure::Failure;
use crate::specs::Target;
use crate::state::State;
use crate::state::authorisations::TokenStatus;
use crate::state::trades::Merchant;
use crate::strictness::Strictness;
use crate::validate::scalar::is_url;

/// What the gateway says where a signature does not hold.
pub(super) const INVALID_SIGNATURE: &str = "isv.invalid-signature";

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

/// A request in place of the one that came: its content is decrypted.
type Decrypted<'r> = Box<dyn Request + 'r>;

/// What the request says by itself, in the order in which the gateway looks at it. With its method, gives what takes its place where it came
/// encrypted.
pub(super) fn request<'r, 't>(
    request: &'r dyn Request,
    target: Option<Target<'t>>,
    app: &App,
    (strictness, now): (Strictness, Timestamp),
) -> Result<(Target<'t>, Option<Decrypted<'r>>), Refused> {
    if request.app_id().map_err(Refused::unsigned)? != app.id {
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
    strictness.time(request, now)?;
    request.verified(&app.key).map_err(Refused::unsigned)?;
    let decrypted = decrypted(request, target, app)?;
    let callbacks = request.callbacks();
    for (name, url) in [
        ("notify_url", callbacks.notify_url),
        ("return_url", callbacks.return_url),
    ] {
        let Some(url) = url else { continue };
        if !is_url(&url) {
            let message = format!("{name} 应为 http 或 https 的绝对地址");
            return Err(Failure::invalid("isv.invalid-parameter", message).into());
        }
        strictness.url(request, name, &url)?;
    }
    Ok((target, decrypted))
}

/// Decrypts a content that came encrypted, and sees that none came plain that must not.
fn decrypted<'r>(request: &'r dyn Request, target: Target<'_>, app: &App) -> Result<Option<Decrypted<'r>>, Failure> {
    let Some(encrypt_type) = request.encrypt_type() else {
        if request.looks_encrypted() {
            let sub_code = "isv.decryption-error-missing-encrypt-type";
            return Err(Failure::missing(sub_code, "解密出错, 未指定加密算法"));
        }
        if target.method().is_some_and(|method| method.encrypted) {
            return Err(Failure::missing("isv.missing-encrypt-type", "缺少 encrypt_type 参数"));
        }
        return Ok(None);
    };
    let encrypt_type = EncryptType::from_name(encrypt_type)
        .ok_or_else(|| Failure::invalid("isv.invalid-encrypt-type", "无效的加密类型"))?;
    let key = app.aes_key.as_ref().ok_or_else(|| {
        let sub_code = "isv.decryption-error-not-valid-encrypt-key";
        Failure::invalid(sub_code, "解密出错, 未配置加密密钥或加密密钥格式错误")
    })?;
    let decrypted = request.decrypted(encrypt_type, key);
    // What the gateway says where the content is encrypted with another key.
    decrypted
        .map(Some)
        .map_err(|_| Failure::conditions("isv.decryption-error-unknown", "解密出错, 未知错误"))
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
