//! The checks alone: requests are texts, and there is neither a server nor a runtime.

use std::time::Duration;

use super::*;
use crate::certificates::{Certificates, Identity};
use crate::encryption::AesKey;
use crate::keys::{KeyPair, SignType};
use crate::lifetimes::Lifetimes;
use crate::money::Money;
use crate::protocol::v2;
use crate::specs::Specs;
use crate::state::authorisations::Grantor;

struct World {
    app_key: KeyPair,
    app: App,
    state: State,
    specs: Specs,
    strictness: Strictness,
    now: Timestamp,
}

impl World {
    fn new(has_certificates: bool) -> Self {
        let (app_key, alipay_key) = KeyPair::shared(SignType::Rsa2).unwrap();
        let app = App {
            id: "2021".to_owned(),
            seller_id: "2088".to_owned(),
            key: app_key.public_key(),
            aes_key: AesKey::from_base64(AES_KEY).ok(),
        };
        let now = "2026-03-20T04:00:00Z".parse().unwrap();
        let identity = if has_certificates {
            let issued = Certificates::issue(&app.id, &app.seller_id, &app.key, alipay_key, now).unwrap();
            Identity::Certificates(Box::new(issued))
        } else {
            Identity::Key(alipay_key)
        };
        Self {
            app_key,
            app,
            state: State::new(identity, Money::ZERO, Lifetimes::default(), None),
            specs: Specs::load(Vec::new()).unwrap(),
            strictness: Strictness::default(),
            now,
        }
    }

    /// Whom a request with these parameters is for, or the code that it is refused with and whether that is signed.
    fn check(&self, method: &str, more: &[(&str, &str)]) -> Result<Merchant, (String, bool)> {
        let mut parameters = vec![
            ("app_id", "2021"),
            ("charset", "utf-8"),
            ("method", method),
            ("sign_type", "RSA2"),
            ("timestamp", "2026-03-20 12:00:00"),
            ("version", "1.0"),
        ];
        for &(name, value) in more {
            parameters.retain(|(known, _)| *known != name);
            parameters.push((name, value));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        parameters.sort_unstable();
        let signed: Vec<_> = parameters
            .iter()
            .filter(|(name, _)| *name != "sign")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let sign = self.app_key.sign(SignType::Rsa2, signed.join("&").as_bytes()).unwrap();
        if !more.iter().any(|(name, _)| *name == "sign") {
            parameters.push(("sign", &sign));
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(parameters);
        let sent = v2::Request::read(&form.finish(), "", b"");
        let target = sent
            .method()
            .and_then(|name| self.specs.method(name))
            .map(Target::Described);
        let checked = request(&sent, target, &self.app, (self.strictness, self.now))
            .and_then(|(target, _)| Ok(caller(&sent, target, &self.app, &self.state, self.now)?));
        checked.map_err(|refused| (refused.failure.sub_code.into_owned(), refused.signed))
    }
}

const QUERY: &str = "alipay.trade.query";
const AES_KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";
/// `test1234567`
const CIPHERTEXT: &str = "ILpoMowjIQjfYMR847rnFQ==";

#[test]
fn a_content_is_decrypted_with_the_apps_key() {
    let encrypted = [("encrypt_type", "AES"), ("biz_content", CIPHERTEXT)];
    let mut world = World::new(false);
    world.check(QUERY, &encrypted).unwrap();
    world.app.aes_key = Some(AesKey::new([7; 16]));
    let refused = world.check(QUERY, &encrypted).unwrap_err();
    assert_eq!(refused, ("isv.decryption-error-unknown".to_owned(), true));
    world.app.aes_key = None;
    let refused = world.check(QUERY, &encrypted).unwrap_err();
    assert_eq!(refused, ("isv.decryption-error-not-valid-encrypt-key".to_owned(), true));
}

#[test]
fn a_sound_request_is_the_apps_own() {
    let merchant = World::new(false).check(QUERY, &[]).unwrap();
    assert_eq!(
        (merchant.auth_app_id.as_str(), merchant.seller_id.as_str()),
        ("2021", "2088")
    );
}

#[test]
fn only_who_is_known_gets_a_signed_refusal() {
    let world = World::new(false);
    for (more, sub_code, signed) in [
        (("app_id", ""), "isv.missing-app-id", false),
        (("app_id", "2022"), "isv.invalid-app-id", false),
        (("charset", "latin1"), "isv.invalid-charset", true),
        (("method", ""), "isv.missing-method", true),
        (("method", "alipay.trade.nothing"), "isv.invalid-method", true),
        (("timestamp", "today"), "isv.invalid-timestamp", true),
        (("sign", "AAAA"), "isv.invalid-signature", false),
        (("encrypt_type", "AES"), "isv.decryption-error-unknown", true),
        (("encrypt_type", "DES"), "isv.invalid-encrypt-type", true),
        (
            ("biz_content", CIPHERTEXT),
            "isv.decryption-error-missing-encrypt-type",
            true,
        ),
        (("notify_url", "ftp://example.com"), "isv.invalid-parameter", true),
        (("return_url", "example.com"), "isv.invalid-parameter", true),
        (("app_cert_sn", "1"), "isv.app-cert-not-exist", true),
        (("app_auth_token", "unknown"), "aop.invalid-app-auth-token", true),
    ] {
        let refused = world.check(QUERY, &[more]).unwrap_err();
        assert_eq!(refused, (sub_code.to_owned(), signed), "{more:?}");
    }
    let refused = world.check("alipay.fund.trans.uni.transfer", &[]).unwrap_err();
    assert_eq!(refused.0, "isv.missing-app-cert-sn");
}

#[test]
fn certificates_are_named_by_their_serials() {
    let mut world = World::new(true);
    let known = world.state.identity.certificates().unwrap();
    let (app, root) = (known.app_cert_sn().to_owned(), known.root_cert_sn().to_owned());
    let end = known.app_cert_end();
    let check = |world: &World, app: &str, root: &str| {
        let checked = world.check(QUERY, &[("app_cert_sn", app), ("alipay_root_cert_sn", root)]);
        checked.map_or_else(|refused| refused.0, |_| "10000".to_owned())
    };
    for (app, root, sub_code) in [
        (app.as_str(), root.as_str(), "10000"),
        ("", &root, "isv.missing-app-cert-sn"),
        ("1", &root, "isv.app-cert-not-exist"),
        (&app, "", "isv.missing-alipay-root-cert-sn"),
        (&app, "1", "isv.invalid-alipay-root-cert-sn"),
    ] {
        assert_eq!(check(&world, app, root), sub_code);
    }
    world.now = end + Duration::from_secs(1);
    assert_eq!(check(&world, &app, &root), "isv.app-cert-expired");
}

#[test]
fn a_merchants_token_is_good_until_it_ends() {
    let mut world = World::new(false);
    let grantor = Grantor {
        auth_app_id: "2023".to_owned(),
        user_id: "2089".to_owned(),
    };
    world.state.authorisations.agree(grantor, world.now);
    let token = world.state.authorisations.latest("2023").unwrap().token.clone();
    let token = [("app_auth_token", token.as_str())];
    let merchant = world.check(QUERY, &token).unwrap();
    assert_eq!(
        (
            merchant.app_id.as_str(),
            merchant.auth_app_id.as_str(),
            merchant.seller_id.as_str()
        ),
        ("2021", "2023", "2089")
    );
    let begin = world.now;
    world.now = begin + world.state.authorisations.lifetimes.app_auth_token + Duration::from_secs(1);
    assert_eq!(world.check(QUERY, &token).unwrap_err().0, "aop.app-auth-token-time-out");
    world.now = begin;
    world.state.authorisations.cancel("2023").unwrap();
    assert_eq!(world.check(QUERY, &token).unwrap_err().0, "aop.invalid-app-auth-token");
}

#[test]
fn a_time_may_be_as_far_off_as_it_likes_unless_a_window_is_set() {
    let mut world = World::new(false);
    let sent = |world: &World, time: &str| world.check(QUERY, &[("timestamp", time)]).map(|_| ());
    sent(&world, "2016-01-01 00:00:00").unwrap();
    world.strictness.timestamp_window = Some(Duration::from_mins(10));
    for time in ["2026-03-20 11:50:00", "2026-03-20 12:10:00"] {
        sent(&world, time).unwrap();
    }
    for time in ["2026-03-20 11:49:59", "2026-03-20 12:10:01"] {
        assert_eq!(sent(&world, time), Err(("isv.invalid-timestamp".to_owned(), true)));
    }
    world.strictness.is_lenient = true;
    sent(&world, "2016-01-01 00:00:00").unwrap();
}

#[test]
fn addresses_have_256_characters_at_most() {
    let mut world = World::new(false);
    let url = |length: usize| format!("https://shop.example/{}", "x".repeat(length - 21));
    for name in ["notify_url", "return_url"] {
        world.check(QUERY, &[(name, &url(256))]).unwrap();
        let refused = world.check(QUERY, &[(name, &url(257))]).unwrap_err();
        assert_eq!(refused, ("isv.invalid-parameter".to_owned(), true));
    }
    world.strictness.is_lenient = true;
    world.check(QUERY, &[("notify_url", &url(2000))]).unwrap();
}
