//! A third protocol, to show that the seam holds: JSON in, JSON out, the signature in a header. Nothing but this file knows it.

use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use alipay_mock::keys::{KeyPair, SignType as MockSignType};

use super::{
    Claim, InvalidParameter, Unsigned, Verdict, WireProtocol,
    answer::{AnswerError, UnverifiedAnswer},
    content::{Identity, Options, RequestContent},
    member,
    received::Received,
};
use crate::{
    Client, Credentials, Error, ErrorKind,
    codec::Values,
    error::GatewayError,
    method::AnswerInfo,
    sign::{PublicKey, SignType},
    trade::{Query, QueryErrorCode, QueryResponse, types::TradeStatus},
    transport::{BoxFuture, MethodName, Request, RequestBody, Response, Transport, TransportError},
};

#[derive(Debug)]
struct JsonProtocol;

struct JsonRequest<'a> {
    content: &'a RequestContent,
    identity: Identity<'a>,
}

impl WireProtocol for JsonProtocol {
    fn name(&self) -> &'static str {
        "json"
    }

    fn encode<'a>(
        &self,
        content: &'a RequestContent,
        identity: &Identity<'a>,
        _: &'a Options,
    ) -> Result<Box<dyn Unsigned + 'a>, InvalidParameter> {
        let identity = *identity;
        Ok(Box::new(JsonRequest { content, identity }))
    }

    fn confidential<'a>(&self, _: &'a RequestContent, _: &'a Options) -> Result<Cow<'a, str>, InvalidParameter> {
        Ok(Cow::Borrowed(""))
    }

    fn parse<'a>(&'static self, received: &'a Received<'a>, _: &str) -> Result<UnverifiedAnswer<'a>, AnswerError> {
        if received.status() >= 500 {
            return Err(AnswerError::Malformed {
                message: format!("the gateway answered with status {}", received.status()),
                may_pass: true,
            });
        }
        let text = received.text();
        Ok(UnverifiedAnswer {
            protocol: self,
            received,
            text,
            values: Values::parse(text, 0).map_err(|error| AnswerError::malformed(error.to_string()))?,
            ciphertext: None,
            is_error: received.status() != 200,
            message: Cow::Borrowed(text.as_bytes()),
            sign: received.header("signature").map(Cow::Borrowed),
            alipay_cert_sn: None,
            signed_at: None,
        })
    }

    fn judge(&self, _: &Values<'_>, is_error: bool, _: &AnswerInfo) -> Result<Verdict, AnswerError> {
        Ok(Verdict {
            is_error,
            claim: if is_error { Claim::Failure } else { Claim::Success },
            must_be_signed: false,
            undecided: None,
            is_of_query: false,
        })
    }

    fn gateway_error(&self, received: &Received<'_>, _: &str, values: &Values<'_>) -> GatewayError {
        let text = |name| member(values, name).ok().flatten().map(Cow::into_owned);
        GatewayError {
            code: received.status().to_string(),
            message: text("message").unwrap_or_default(),
            sub_code: text("code"),
            ..GatewayError::default()
        }
    }

    fn own_members(&self) -> &'static [&'static str] {
        &[]
    }

    fn answer_without_spec(&self, _: &str) -> &'static AnswerInfo {
        const { &AnswerInfo::PLAIN }
    }
}

impl Unsigned for JsonRequest<'_> {
    fn message(&self) -> Zeroizing<String> {
        let (content, time) = (self.content, self.identity.timestamp.beijing());
        Zeroizing::new(format!("{}\n{time}\n{}", content.method, content.content.expose()))
    }

    fn finish(&self, signature: &[u8]) -> Result<http::Request<RequestBody>, http::Error> {
        http::Request::post(format!("{}/{}", self.identity.gateway, self.content.method))
            .header("time", self.identity.timestamp.beijing())
            .header("signature", BASE64_STANDARD.encode(signature))
            .body(self.content.content.expose().to_owned().into())
    }

    fn explain(&self, _: &mut GatewayError) {}
}

/// The gateway's end of the protocol.
#[derive(Debug)]
struct Server {
    app: PublicKey,
    alipay: KeyPair,
    answers: Mutex<VecDeque<Answer>>,
}

/// A status and a body, whose signature is over that body, over another, or absent.
type Answer = (u16, &'static str, Option<&'static str>);

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        assert_eq!(request.extensions().get(), Some(&MethodName::new("alipay.trade.query")));
        assert_eq!(request.uri(), "https://gateway.example/v9/alipay.trade.query");
        let header = |name| request.headers()[name].to_str().unwrap();
        let (time, body) = (
            header("time"),
            std::str::from_utf8(request.body().as_bytes().unwrap()).unwrap(),
        );
        assert_eq!(body, r#"{"out_trade_no":"20161112"}"#);
        let signature = BASE64_STANDARD.decode(header("signature")).unwrap();
        let message = format!("alipay.trade.query\n{time}\n{body}");
        let verifier = self.app.verifier(SignType::Rsa2).unwrap();
        verifier.verify(message.as_bytes(), &signature).unwrap();
        let (status, body, signed) = self.answers.lock().unwrap().pop_front().unwrap();
        let mut response = http::Response::builder().status(status);
        if let Some(signed) = signed {
            let signature = self.alipay.sign(MockSignType::Rsa2, signed.as_bytes()).unwrap();
            response = response.header("signature", signature);
        }
        Box::pin(async move { Ok(response.body(body.into()).unwrap()) })
    }
}

const PAID: &str = r#"{"trade_no":"1","out_trade_no":"20161112","trade_status":"TRADE_SUCCESS","total_amount":"0.01"}"#;

/// What a typed call gives that is answered so, and how many answers were left.
async fn query(answers: &[Answer]) -> (Result<QueryResponse, Error>, usize) {
    let [app, alipay] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let alipay_key = alipay.public_key().to_base64().unwrap();
    let credentials = Credentials::public_key(&app.to_base64().unwrap(), &alipay_key).unwrap();
    let server = Arc::new(Server {
        app: PublicKey::parse(&app.public_key().to_base64().unwrap()).unwrap(),
        alipay,
        answers: Mutex::new(answers.iter().copied().collect()),
    });
    let client = Client::builder("2021000000000001", credentials)
        .gateway("https://gateway.example/v9")
        .wire_protocol(&JsonProtocol)
        .transport(Arc::clone(&server))
        .build()
        .unwrap();
    let result = client.trade().query(Query::with_out_trade_no("20161112")).await;
    let left = server.answers.lock().unwrap().len();
    (result, left)
}

#[tokio::test(start_paused = true)]
async fn a_typed_call_runs_by_another_protocol() {
    let (paid, left) = query(&[(200, PAID, Some(PAID))]).await;
    assert_eq!(
        (paid.unwrap().trade_status, left),
        (TradeStatus::TradeSuccess.into(), 0)
    );

    let fault = (503, "no healthy upstream", None);
    let (paid, left) = query(&[fault, (200, PAID, Some(PAID))]).await;
    assert!(paid.is_ok() && left == 0, "a read is sent again after what may pass");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_signed_never_reaches_the_caller() {
    for signed in [None, Some(""), Some(r#"{"trade_no":"1"}"#)] {
        let (result, _) = query(&[(200, PAID, signed)]).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Verification, "{signed:?}");
    }
    let another = r#"{"trade_no":"1","out_trade_no":"20161113","trade_status":"TRADE_SUCCESS","total_amount":"0.01"}"#;
    let (result, left) = query(&[(200, another, Some(another)); 3]).await;
    assert_eq!((result.unwrap_err().kind(), left), (ErrorKind::Verification, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_status_and_a_body() {
    let refusal = r#"{"code":"ACQ.TRADE_NOT_EXIST","message":"no such order"}"#;
    let (result, _) = query(&[(400, refusal, Some(refusal))]).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gateway);
    assert!(error.is_verified());
    assert_eq!(error.code(), Some("400"));
    assert_eq!(error.sub_code_as(), Some(QueryErrorCode::AcqTradeNotExist));

    let (result, _) = query(&[(400, refusal, None)]).await;
    assert!(!result.unwrap_err().is_verified());
}
