//! The pages below `/oauth2/`, on which users and merchants let the app know or do something, or refuse.

use super::View;
use super::language::Language;
use super::page::{Ask, Mood, Page, Row};
use super::refusal::refused;
use crate::control::merchants::Agreement;
use crate::control::users::Consent;
use crate::core::Core;
use crate::notify::with_query;
use crate::protocol::failure::Failure;
use crate::protocol::v2::parameters::Parameters;
use crate::state::people::Person;
use crate::state::visits::{Back, Subject, Visit};
use crate::validate::scalar::is_url;

/// The scope that nobody is asked for.
const SILENT: &str = "auth_base";

/// A browser opens one of the pages: it is asked, unless nobody is or the visitor has an answer to all.
pub(super) fn asked(core: &Core, language: Language, page: &str, query: &str) -> Page {
    let is_user = match page {
        "publicAppAuthorize.htm" => true,
        "appToAppAuth.htm" | "appToAppBatchAuth.htm" => false,
        _ => return super::unknown(language),
    };
    if query.len() > super::MAX_FORM {
        return refused(language, &Failure::invalid("INVALID_PARAMETER", "参数过长"));
    }
    let (parameters, _) = Parameters::read(query, "", &[]);
    let subject = match subject(core, is_user, &parameters) {
        Ok(subject) => subject,
        Err(failure) => return refused(language, &failure),
    };
    let answer = core.with_state(|state| state.users.visitor.agrees);
    match (answer, subject) {
        (answer, Subject::Login { scope, back }) if answer.is_some() || is_silent(&scope) => {
            Page::elsewhere(login(core, &scope, &back, answer.unwrap_or(true), None))
        }
        (Some(agrees), Subject::Authorisation(back)) => Page::elsewhere(authorisation(core, &back, agrees)),
        (_, subject) => super::open(core, subject),
    }
}

fn is_silent(scope: &str) -> bool {
    scope.split(',').all(|scope| scope == SILENT)
}

/// What a page is to ask, if the app has opened it.
fn subject(core: &Core, is_user: bool, parameters: &Parameters) -> Result<Subject, Failure> {
    let scope = parameters.get("scope");
    if is_user && scope.is_none() {
        return Err(Failure::invalid("INVALID_SCOPE", "缺少 scope 参数"));
    }
    if parameters.get("app_id") != Some(&core.app.id) {
        return Err(Failure::invalid("INVALID_APP_ID", "无效的 app_id"));
    }
    let target = parameters.get("redirect_uri").filter(|uri| is_url(uri));
    let back = Back {
        redirect_uri: target
            .ok_or_else(|| Failure::invalid("INVALID_REDIRECT_URI", "redirect_uri 无效"))?
            .to_owned(),
        state: parameters.get("state").map(str::to_owned),
    };
    Ok(match scope.filter(|_| is_user) {
        Some(scope) => Subject::Login {
            scope: scope.to_owned(),
            back,
        },
        None => Subject::Authorisation(back),
    })
}

/// A user decides: gives where the browser goes.
fn login(core: &Core, scope: &str, back: &Back, agrees: bool, person: Option<Person>) -> String {
    let mut returned = vec![("source", "alipay_wallet".to_owned())];
    if agrees {
        let (user_id, open_id) = match person {
            Some(person) => (Some(person.account.user_id), person.account.open_id),
            None => (None, None),
        };
        let given = core.authorise_user(Consent {
            user_id,
            open_id,
            scope: Some(scope.to_owned()),
        });
        returned.extend([("scope", scope.to_owned()), ("auth_code", given)]);
    } else {
        returned.push(("error_scope", scope.to_owned()));
    }
    target(core, back, &returned)
}

/// A merchant decides: gives where the browser goes.
fn authorisation(core: &Core, back: &Back, agrees: bool) -> String {
    let mut returned = vec![("source", "alipay_app_auth".to_owned())];
    if agrees {
        let visitor = core.with_state(|state| state.users.visitor.clone());
        let given = core.authorise(Agreement {
            auth_app_id: Some(visitor.auth_app_id),
            user_id: Some(visitor.user_id),
        });
        returned.push(("app_auth_code", given));
    }
    target(core, back, &returned)
}

fn target(core: &Core, back: &Back, returned: &[(&'static str, String)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("app_id", &core.app.id);
    query.extend_pairs(returned);
    if let Some(state) = &back.state {
        query.append_pair("state", state);
    }
    with_query(&back.redirect_uri, &query.finish())
}

/// A user decides on the page.
pub(super) fn decide_login(
    view: &View<'_>,
    scope: &str,
    back: &Back,
    agrees: bool,
    person: Option<Person>,
) -> Option<&'static str> {
    let target = login(view.core, scope, back, agrees, person);
    view.core.with_state(|state| state.visits.decide(view.name, target));
    None
}

/// A merchant decides on the page.
pub(super) fn decide_authorisation(view: &View<'_>, back: &Back, agrees: bool) -> Option<&'static str> {
    let target = authorisation(view.core, back, agrees);
    view.core.with_state(|state| state.visits.decide(view.name, target));
    None
}

/// Asks, or sends the browser on.
pub(super) fn show(view: &View<'_>, visit: &Visit) -> Page {
    if let Some(target) = &visit.decided {
        let told = view.told(
            Mood::Done,
            ("正在返回", "Going back"),
            ("应用知道了你的决定。", "The app knows what you decided."),
        );
        return told.returning(Some(target.clone()), 0).page();
    }
    let visitor = view.core.with_state(|state| state.users.visitor.clone());
    let app = format!("{} · {}", view.say("测试应用", "Test app"), view.core.app.id);
    let mut rows = vec![Row::new(view.say("应用", "App"), "app_id", app)];
    let (heading, people, points) = if let Subject::Login { scope, .. } = &visit.subject {
        rows.push(Row::new(view.say("授权范围", "Scope"), "scope", scope.clone()));
        let people = view.choices(&view.people(), &visitor.user_id, false);
        let points = scope.split(',').map(|scope| point(view, scope)).collect();
        (view.say("登录授权", "Log in"), people, points)
    } else {
        let merchant = format!("{} · {}", visitor.auth_app_id, visitor.user_id);
        rows.push(Row::new(view.say("商户", "Merchant"), "auth_app_id", merchant));
        let point = view.say(
            "该应用可以代商户调用接口，直到商户取消授权。",
            "The app may call the gateway for the merchant, until the merchant cancels that.",
        );
        let heading = view.say("商户授权", "Let an app act for you");
        (heading, Vec::new(), vec![point.to_owned()])
    };
    let ask = Ask {
        frame: view.frame(heading, true),
        heading: heading.to_owned(),
        problem: None,
        amount: None,
        rows,
        points,
        deadline: None,
        people_label: view.say("以谁的身份", "Log in as").to_owned(),
        people,
        action: view.action(),
        token: view.token(),
        agree: view.say("同意", "Agree").to_owned(),
        refuse: view.say("拒绝", "Refuse").to_owned(),
    };
    ask.page()
}

/// What a scope lets the app do.
fn point(view: &View<'_>, scope: &str) -> String {
    match scope {
        SILENT => view
            .say("该应用可以知道你的用户号。", "The app learns your user id.")
            .to_owned(),
        "auth_user" => view
            .say(
                "该应用可以知道你的用户号、昵称、头像、性别和所在省市。",
                "The app learns your user id, your nickname and picture, your gender, province and city.",
            )
            .to_owned(),
        other => other.to_owned(),
    }
}
