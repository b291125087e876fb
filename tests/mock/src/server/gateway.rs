//! `/gateway.do`: every check in the gateway's order, then the method.

use std::sync::Arc;

use alipay_codegen::ir::Method;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{Request, StatusCode, header};

use super::connection::Cut;
use super::reply::{Handled, Reply, text};
use super::{MAX_BODY, pages};
use crate::clock;
use crate::core::Core;
use crate::keys::SignType;
use crate::methods::user::TOKEN;
use crate::methods::{Call, Played, behaviour};
use crate::protocol::answer::{Answer, root};
use crate::protocol::failure::Failure;
use crate::protocol::parameters::{Parameters, Unreadable};
use crate::protocol::signature;
use crate::state::authorisations::TokenStatus;
use crate::state::trades::Merchant;
use crate::validate;
use crate::validate::scalar::is_url;

/// Answers a request, spoiled by whatever fault is next.
pub(super) async fn serve(
    State(core): State<Arc<Core>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request<Body>,
) -> Handled {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY).await else {
        return Ok(text(
            StatusCode::PAYLOAD_TOO_LARGE,
            "utf-8",
            "413 Request Entity Too Large",
        ));
    };
    let (parameters, problem) = Parameters::read(&query, &content_type, &body);
    let reply = answer(&core, &parameters, problem);
    let signatory = core.signatory();
    let response = match core.faults.take(parameters.get("method")) {
        Some(fault) => fault.spoil(reply, &signatory, &cut).await,
        None => reply.response(&signatory),
    };
    Ok(response.unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "utf-8", "500 Internal Server Error")))
}

/// A refusal, and whether the gateway knows the app well enough to sign it.
struct Refused {
    failure: Failure,
    signed: bool,
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

fn answer(core: &Core, parameters: &Parameters, problem: Option<Unreadable>) -> Reply {
    let method = parameters.get("method").and_then(|name| core.spec.method(name));
    core.journal.add(
        parameters
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        method.map(|method| method.name.as_str()),
    );
    let sign_type = parameters
        .get("sign_type")
        .and_then(SignType::from_name)
        .unwrap_or_default();
    let error_root = || "error_response".to_owned();
    let own_root = || method.map_or_else(error_root, |method| root(&method.name));
    let reply = |root: String, node: String, signed: bool| {
        Reply::Answer(Answer {
            root,
            node,
            signed,
            sign_type,
            charset: parameters.charset.clone(),
        })
    };
    let played = examine(core, parameters, problem, method)
        .and_then(|(method, merchant)| perform(core, parameters, method, merchant, sign_type).map_err(Refused::from))
        .inspect_err(|refused| core.journal.refused(&refused.failure.sub_code));
    match played {
        Ok(Played::Answer(outcome, fields)) => reply(own_root(), Answer::success(outcome, &fields), true),
        Ok(Played::Bare(fields)) => reply(own_root(), Answer::bare(&fields), true),
        Ok(Played::Cashier(key)) => {
            let page = core.with_state(|state| state.trades.get(&key, core.now()).map(|order| pages::cashier(order)));
            Reply::Page(page.unwrap_or_default())
        }
        // A browser gets a page whatever happens.
        Err(Refused { failure, .. }) if method.is_some_and(|method| method.kind.is_page()) => {
            Reply::Page(pages::error(&failure))
        }
        Err(Refused { failure, signed }) => {
            let has_own_root = method.is_some_and(|method| method.name != TOKEN);
            let root = if has_own_root { own_root() } else { error_root() };
            reply(root, Answer::failure(&failure), signed)
        }
    }
}

/// Whether this is a call at all: known app, known method, all protocol parameters, a signature that holds, and a token that does.
fn examine<'a>(
    core: &Core,
    parameters: &Parameters,
    problem: Option<Unreadable>,
    method: Option<&'a Method>,
) -> Result<(&'a Method, Merchant), Refused> {
    let require = |name: &str, sub_code: &'static str| {
        parameters
            .get(name)
            .ok_or_else(|| Failure::missing(sub_code, format!("缺少 {name} 参数")))
    };
    let app_id = require("app_id", "isv.missing-app-id").map_err(Refused::unsigned)?;
    if app_id != core.app_id {
        return Err(Refused::unsigned(Failure::invalid(
            "isv.invalid-app-id",
            "无效的AppID参数",
        )));
    }
    match problem {
        None => {}
        Some(Unreadable::Charset) => return Err(Failure::invalid("isv.invalid-charset", "字符集错误").into()),
        Some(Unreadable::Duplicate(name)) => {
            return Err(Failure::invalid("isv.invalid-parameter", format!("参数重复: {name}")).into());
        }
        Some(Unreadable::Body) => {
            return Err(Failure::invalid("isv.invalid-content-type", "请求体与 Content-Type 不符").into());
        }
    }
    let name = require("method", "isv.missing-method")?;
    let Some(method) = method else {
        return Err(Failure::invalid("isv.invalid-method", format!("不存在的方法名: {name}")).into());
    };
    require("sign", "isv.missing-signature")?;
    if SignType::from_name(require("sign_type", "isv.missing-signature-type")?).is_none() {
        return Err(Failure::invalid("isv.invalid-signature-type", "无效签名类型").into());
    }
    let time = require("timestamp", "isv.missing-timestamp")?;
    if time.len() != 19 || clock::parse(time).is_none() {
        return Err(Failure::invalid("isv.invalid-timestamp", "非法的时间戳参数：应为 yyyy-MM-dd HH:mm:ss").into());
    }
    if require("version", "isv.missing-version")? != "1.0" {
        return Err(Failure::invalid("isv.invalid-parameter", "version 应为 1.0").into());
    }
    if parameters
        .get("format")
        .is_some_and(|format| !format.eq_ignore_ascii_case("json"))
    {
        return Err(Failure::invalid("isv.invalid-format", "无效的数据格式：应为 JSON").into());
    }
    let sign_type = parameters
        .get("sign_type")
        .and_then(SignType::from_name)
        .unwrap_or_default();
    signature::verify(parameters, sign_type, &core.app_key).map_err(Refused::unsigned)?;
    if parameters.get("encrypt_type").is_some() {
        return Err(Failure::invalid("isv.decryption-error-not-valid-encrypt-key", "应用未配置 AES 密钥").into());
    }
    for name in ["notify_url", "return_url"] {
        if parameters.get(name).is_some_and(|url| !is_url(url)) {
            return Err(
                Failure::invalid("isv.invalid-parameter", format!("{name} 应为 http 或 https 的绝对地址")).into(),
            );
        }
    }
    certificates(core, parameters, method)?;
    Ok((method, merchant(core, parameters)?))
}

/// Whether the app names the certificates that it should: all in certificate mode, none in public-key mode, where some methods can't be called.
fn certificates(core: &Core, parameters: &Parameters, method: &Method) -> Result<(), Failure> {
    let (app, root) = (parameters.get("app_cert_sn"), parameters.get("alipay_root_cert_sn"));
    let missing_app = || Failure::missing("isv.missing-app-cert-sn", "缺少应用公钥证书序列号");
    let unknown_app = || Failure::invalid("isv.app-cert-not-exist", "应用公钥证书不存在");
    let now = core.now();
    core.with_state(|state| match (state.identity.certificates(), app, root) {
        (None, None, _) if method.certificate_only => Err(missing_app()),
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
    })
}

/// Whom the app calls for: itself, or the merchant whose token it carries.
fn merchant(core: &Core, parameters: &Parameters) -> Result<Merchant, Failure> {
    let app_id = core.app_id.clone();
    let Some(token) = parameters.get("app_auth_token") else {
        return Ok(Merchant {
            auth_app_id: app_id.clone(),
            app_id,
            seller_id: core.seller_id.clone(),
        });
    };
    let now = core.now();
    core.with_state(|state| {
        let grant = state.authorisations.find(token);
        match grant.map(|grant| (grant, grant.status(now))) {
            Some((grant, TokenStatus::Valid)) => Ok(Merchant {
                app_id,
                auth_app_id: grant.grantor.auth_app_id.clone(),
                seller_id: grant.grantor.user_id.clone(),
            }),
            Some((_, TokenStatus::Expired)) => Err(Failure::token("aop.app-auth-token-time-out", "应用授权令牌已过期")),
            Some((_, TokenStatus::Replaced | TokenStatus::Cancelled)) | None => {
                Err(Failure::token("aop.invalid-app-auth-token", "无效的应用授权令牌"))
            }
        }
    })
}

fn perform(
    core: &Core,
    parameters: &Parameters,
    method: &Method,
    merchant: Merchant,
    sign_type: SignType,
) -> Result<Played, Failure> {
    let ordered = core.take_next(&method.name);
    let ordered_failure = ordered.as_ref().map(|next| Failure {
        code: next.code.clone().into(),
        sub_code: next.sub_code.clone().into(),
        sub_msg: "由控制接口预设的应答".to_owned(),
    });
    if let (Some(next), Some(failure)) = (&ordered, &ordered_failure)
        && !next.after_effect
    {
        return Err(failure.clone());
    }
    let request = validate::request(&core.spec, method, parameters)?;
    let Some(behaviour) = behaviour(&method.name) else {
        return Err(Failure::unavailable("not played by the embedded gateway"));
    };
    let now = core.now();
    let played = core.with_state(|state| {
        let errors = behaviour.errors;
        (behaviour.play)(&mut Call {
            spec: &core.spec,
            method,
            errors,
            request,
            parameters,
            sign_type,
            merchant,
            now,
            state,
        })
    })?;
    match ordered_failure {
        Some(failure) => Err(failure),
        None => Ok(played),
    }
}
