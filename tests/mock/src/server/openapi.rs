//! The control endpoints as an `OpenAPI` document, for programs in any language. What goes in and out is described by the types themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::control::answer;
use super::reply::Handled;
use crate::control::agreements::{AgreementView, Signing};
use crate::control::answers::{AnswerOrder, NextError};
use crate::control::buyers::BuyerView;
use crate::control::certificates::{CertificatesView, ForgeryOrder};
use crate::control::clock::{ClockOrder, ClockView};
use crate::control::complaints::ComplaintView;
use crate::control::faults::{FaultOrder, PendingView};
use crate::control::merchants::{Agreement, AppGateway, AuthorisationView};
use crate::control::movements::MovementView;
use crate::control::notifications::{NotificationOrder, SignedView};
use crate::control::onboarding::{ApplicationView, Memo, Reason};
use crate::control::preauths::PreauthView;
use crate::control::splits::{CarryOut, RoyaltyTerms};
use crate::control::users::Consent;
use crate::control::{Payment, TradeView};
use crate::core::Core;
use crate::notify::delivery::NotificationView;
use crate::state::authorisations::DeadRefreshToken;
use crate::state::complaints::{ComplaintStep, NewComplaint};
use crate::state::users::Visitor;

const COMPONENTS: &str = "/components/schemas";

/// An empty object: nothing has to be said.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Nothing {}

/// Any fields.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Fields(Map<String, Value>);

/// Seconds by the name of a lifetime.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Seconds(BTreeMap<String, f64>);

/// The code that a merchant's authorisation gives.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct AppAuthCode {
    app_auth_code: String,
}

/// The code that a user's consent gives.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct AuthCode {
    auth_code: String,
}

/// The serial number of Alipay's new certificate.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct NewCertificate {
    alipay_cert_sn: String,
}

/// How many requests the gateway has received.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct RequestCounts {
    /// All of them.
    total: u64,
    /// By method.
    methods: BTreeMap<String, u64>,
    /// Those that were refused, by `sub_code`.
    refusals: BTreeMap<String, u64>,
    /// Those that were answered by the spec alone, by method.
    not_played: BTreeMap<String, u64>,
}

/// Why nothing was done.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Refusal {
    error: String,
}

/// The document, as far as it is written.
struct Document {
    paths: Map<String, Value>,
    bodies: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Document {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = COMPONENTS.into();
                settings.meta_schema = None;
            })
        };
        Self {
            paths: Map::new(),
            bodies: settings().for_deserialize().into_generator(),
            answers: settings().for_serialize().into_generator(),
        }
    }

    fn get<A: JsonSchema>(&mut self, path: &str, summary: &str) {
        self.operation::<A>("get", path, summary, None);
    }

    fn post<B: JsonSchema, A: JsonSchema>(&mut self, path: &str, summary: &str) {
        let body = self.bodies.subschema_for::<B>();
        self.operation::<A>("post", path, summary, Some(&body));
    }

    fn delete<A: JsonSchema>(&mut self, path: &str, summary: &str) {
        self.operation::<A>("delete", path, summary, None);
    }

    fn operation<A: JsonSchema>(&mut self, verb: &str, path: &str, summary: &str, body: Option<&Schema>) {
        let content = |schema: &Schema| json!({ "application/json": { "schema": schema } });
        let words = path.trim_start_matches("/_mock/").split(['/', '-', '.']);
        let id: Vec<_> = words.map(|word| word.trim_matches(['{', '}'])).collect();
        let named = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        let parameters =
            named.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
        let mut operation = json!({
            "operationId": format!("{verb}_{}", id.join("_")),
            "summary": summary,
            "parameters": parameters.collect::<Vec<_>>(),
            "responses": {
                "200": { "description": "It is so, or was done.", "content": content(&self.answers.subschema_for::<A>()) },
                "default": {
                    "description": "Nothing was done. 400: the body is not what is asked for. 403: the host, or the page's site, is not the gateway's. 404: \
                                    there is no such thing. 409: its state does not allow it.",
                    "content": content(&self.answers.subschema_for::<Refusal>()),
                },
            },
        });
        if let Some(body) = body {
            operation["requestBody"] = json!({
                "description": "No body is the same as `{}`.",
                "content": content(body),
            });
        }
        let place = self.paths.entry(path).or_insert_with(|| json!({}));
        place[verb] = operation;
    }

    fn finish(mut self, base_url: Option<&str>) -> Value {
        let mut schemas = self.bodies.take_definitions(true);
        schemas.append(&mut self.answers.take_definitions(true));
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "The control endpoints of alipay-mock",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "They act as those who are not the merchant: the buyer, the user, Alipay. The gateway itself is at /gateway.do and below /v3/.",
            },
            "servers": base_url.map(|url| json!({ "url": url })).into_iter().collect::<Vec<_>>(),
            "paths": self.paths,
            "components": { "schemas": schemas },
        })
    }
}

/// All endpoints.
#[expect(clippy::too_many_lines, reason = "a table of all endpoints")]
fn document(base_url: Option<&str>) -> Value {
    let mut all = Document::new();
    all.get::<TradeView>("/_mock/trades/{out_trade_no}", "Shows an order.");
    all.post::<Nothing, TradeView>("/_mock/trades/{out_trade_no}/scan", "The buyer scans the order's code.");
    all.post::<Nothing, Payment>("/_mock/trades/{out_trade_no}/pay", "The buyer pays.");
    all.post::<Nothing, TradeView>("/_mock/trades/{out_trade_no}/close", "Alipay closes an unpaid trade.");
    all.post::<Nothing, TradeView>(
        "/_mock/trades/{out_trade_no}/finish",
        "Alipay ends a paid trade: it can't be refunded any more.",
    );
    all.post::<NewComplaint, ComplaintView>(
        "/_mock/trades/{out_trade_no}/complaints",
        "The buyer complains about a paid order.",
    );
    all.get::<PreauthView>("/_mock/preauthorizations/{out_order_no}", "Shows a pre-authorisation.");
    all.post::<Nothing, PreauthView>(
        "/_mock/preauthorizations/{out_order_no}/scan",
        "The payer scans its code.",
    );
    all.post::<Nothing, PreauthView>(
        "/_mock/preauthorizations/{out_order_no}/authorize",
        "The payer has the money frozen.",
    );
    all.get::<Vec<AgreementView>>("/_mock/agreements", "Lists the agreements, oldest first.");
    all.get::<AgreementView>(
        "/_mock/agreements/{number}",
        "Shows an agreement, by Alipay's or the merchant's number.",
    );
    all.post::<Nothing, Signing>("/_mock/agreements/{number}/sign", "The visitor signs.");
    all.post::<Nothing, AgreementView>("/_mock/agreements/{number}/refuse", "The visitor refuses.");
    all.post::<Nothing, AgreementView>("/_mock/agreements/{number}/unsign", "The user ends the agreement.");
    all.post::<Vec<Value>, Nothing>(
        "/_mock/invoices/{token}",
        "A user picks invoices, which the token stands for.",
    );
    all.post::<Agreement, AppAuthCode>("/_mock/authorizations", "A merchant authorises the app.");
    all.get::<AuthorisationView>(
        "/_mock/authorizations/{auth_app_id}",
        "Shows what a merchant has allowed.",
    );
    all.post::<Nothing, AuthorisationView>("/_mock/authorizations/{auth_app_id}/cancel", "The merchant cancels it.");
    all.post::<Consent, AuthCode>("/_mock/user-authorizations", "A user agrees to a scope.");
    all.post::<CarryOut, TradeView>(
        "/_mock/splits/{settle_no}/carry-out",
        "Alipay carries out a split that waits.",
    );
    all.post::<RoyaltyTerms, Nothing>("/_mock/royalties", "Sets what is agreed on shares.");
    all.get::<ApplicationView>(
        "/_mock/applications/{order_id}",
        "Shows an application for a sub-merchant.",
    );
    all.post::<Memo, ApplicationView>("/_mock/applications/{order_id}/pass", "The application passes.");
    all.post::<Reason, ApplicationView>("/_mock/applications/{order_id}/reject", "The application is rejected.");
    all.get::<ComplaintView>("/_mock/complaints/{complain_event_id}", "Shows a complaint.");
    all.post::<ComplaintStep, ComplaintView>(
        "/_mock/complaints/{complain_event_id}/step",
        "The buyer or Alipay does something with it.",
    );
    all.post::<Fields, Nothing>(
        "/_mock/users/{user_id}",
        "Sets what `alipay.user.info.share` returns for a user.",
    );
    all.post::<Visitor, Nothing>("/_mock/visitor", "Sets whose browser it is.");
    all.get::<Vec<DeadRefreshToken>>(
        "/_mock/dead-refresh-tokens",
        "Lists the refresh tokens that were used after they had ended.",
    );
    all.post::<AppGateway, Nothing>("/_mock/app-gateway", "Sets where messages are sent; `null`: nowhere.");
    all.get::<Seconds>("/_mock/lifetimes", "Shows how long codes and tokens live.");
    all.post::<Seconds, Seconds>(
        "/_mock/lifetimes",
        "Sets how long codes and tokens live that are named.",
    );
    all.get::<CertificatesView>(
        "/_mock/certificates",
        "Shows the certificates and their serial numbers.",
    );
    all.post::<Nothing, NewCertificate>("/_mock/certificates/roll-over", "Alipay changes its certificate.");
    all.post::<ForgeryOrder, Nothing>(
        "/_mock/certificates/forge",
        "An attacker forges Alipay's certificate; `null` ends that.",
    );
    all.get::<Vec<NotificationView>>("/_mock/notifications", "Lists the notifications, oldest first.");
    all.post::<NotificationOrder, SignedView>(
        "/_mock/notifications",
        "Signs a notification, and sends it if there is a `url`.",
    );
    all.post::<Nothing, Nothing>(
        "/_mock/notifications/{notify_id}/resend",
        "Posts a notification again, byte for byte.",
    );
    all.get::<ClockView>("/_mock/clock", "Shows the gateway's time.");
    all.post::<ClockOrder, ClockView>("/_mock/clock", "Moves the clock, or resets it.");
    all.get::<Vec<PendingView>>("/_mock/faults", "Lists the faults and answers that wait for calls.");
    all.post::<FaultOrder, Nothing>("/_mock/faults", "Orders a fault of the next call.");
    all.delete::<Nothing>("/_mock/faults/{id}", "Withdraws a fault or an answer that waits.");
    all.get::<Vec<BuyerView>>("/_mock/buyers", "Lists the test buyers and their payment codes.");
    all.post::<Nothing, Nothing>(
        "/_mock/buyers/release",
        "Slow buyers who are asked at present agree now.",
    );
    all.get::<Vec<MovementView>>("/_mock/movements", "Lists all money that moved, oldest first.");
    all.get::<RequestCounts>("/_mock/requests", "Counts requests.");
    all.post::<AnswerOrder, Nothing>(
        "/_mock/answers",
        "Sets what a method is answered with; `answer: null` ends that.",
    );
    all.post::<NextError, Nothing>("/_mock/next", "Answers the next call of a method with an error.");
    all.get::<Fields>("/_mock/openapi.json", "Shows this document.");
    all.finish(base_url)
}

/// Shows the document.
pub(super) async fn serve(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &document(core.base_url.as_deref())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The verbs and paths of the router's table, which axum does not tell.
    fn routed() -> BTreeSet<(String, String)> {
        let source = include_str!("mod.rs");
        let mut routed = BTreeSet::new();
        for route in source.split(".route(").skip(1) {
            let mut quoted = route.split('"');
            let path = quoted.nth(1).unwrap();
            if !path.starts_with("/_mock/") {
                continue;
            }
            let handlers = quoted.next().unwrap();
            for verb in ["delete", "get", "post"] {
                if handlers.contains(&format!("{verb}(")) {
                    routed.insert((verb.to_owned(), path.to_owned()));
                }
            }
        }
        routed
    }

    #[test]
    fn every_route_is_described_and_every_description_routed() {
        let document = document(None);
        let mut described = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for verb in operations.as_object().unwrap().keys() {
                described.insert((verb.clone(), path.clone()));
            }
        }
        let routed = routed();
        assert!(routed.len() > 40, "{routed:?}");
        assert_eq!(described, routed);
    }

    #[test]
    fn operations_have_names_of_their_own_and_references_lead_somewhere() {
        let document = document(Some("http://127.0.0.1:1"));
        let text = document.to_string();
        let operations = document["paths"].as_object().unwrap().values();
        let operations: Vec<_> = operations.flat_map(|path| path.as_object().unwrap().values()).collect();
        let names: BTreeSet<_> = operations
            .iter()
            .map(|operation| &operation["operationId"])
            .map(Value::to_string)
            .collect();
        assert_eq!(names.len(), operations.len());
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        assert_eq!(document["servers"][0]["url"], "http://127.0.0.1:1");
    }
}
