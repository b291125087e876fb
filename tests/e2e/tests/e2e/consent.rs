//! Users who log in and sign.

use alipay_api::oauth::{State, scope};
use alipay_api::system::{OauthToken, oauth_token::OauthTokenGrantType};
use alipay_api::user::AgreementPageSign;
use alipay_api::user::types::{PeriodRuleParams, PeriodRuleParamsPeriodType};

use crate::LANGUAGES;
use crate::browser::{Chromium, Screen};
use crate::shop::{Shop, price};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in() {
    for (language, short) in LANGUAGES {
        let (chromium, mut shop) = (Chromium::start(language).await, Shop::open().await);
        let pages = format!("{}/page/", shop.mock.base_url());
        let mut tab = chromium.tab(Screen::Phone).await;
        let state = State::generate().expect("a state");
        let url = shop
            .client
            .oauth()
            .user_url(&[scope::AUTH_USER], &shop.back_url(), &state);
        tab.open(&url, &pages).await;
        assert!(tab.fits().await);
        tab.picture(&format!("login-{short}")).await;
        tab.click("button.agree").await;
        let address = tab.arrives(&shop.back_url()).await;
        let query = shop.browser_is_back().await;
        assert_eq!(address, format!("{}?{query}", shop.back_url()));
        let callback = shop
            .client
            .oauth()
            .user_callback(&query, &state)
            .expect("the user agrees");
        let request = OauthToken::with_code(callback.auth_code, OauthTokenGrantType::AuthorizationCode);
        let granted = shop.client.system().oauth_token(request).await.expect("a token");
        assert_eq!(granted.user_id.as_deref(), Some("2088102104794936"));

        // Another time, the user does not want to.
        tab.open(&url, &pages).await;
        tab.click("button:not(.agree)").await;
        tab.arrives(&shop.back_url()).await;
        let query = shop.browser_is_back().await;
        assert!(shop.client.oauth().user_callback(&query, &state).is_err());

        // A merchant lets the app act for it.
        let url = shop.client.oauth().merchant_url(&shop.back_url(), &state);
        tab.open(&url, &pages).await;
        tab.picture(&format!("merchant-{short}")).await;
        tab.click("button.agree").await;
        tab.arrives(&shop.back_url()).await;
        let query = shop.browser_is_back().await;
        shop.client
            .oauth()
            .merchant_callback(&query, &state)
            .expect("the merchant agrees");
        assert!(shop.heard_nothing_more().await);
        chromium.close().await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_an_agreement() {
    for (language, short) in LANGUAGES {
        let (chromium, mut shop) = (Chromium::start(language).await, Shop::open().await);
        let pages = format!("{}/page/", shop.mock.base_url());
        let mut tab = chromium.tab(Screen::Phone).await;
        let rule = PeriodRuleParams::new()
            .period_type(PeriodRuleParamsPeriodType::Month)
            .period(1)
            .execute_time("2027-01-06".parse().expect("a day"))
            .single_amount(price("10.00"))
            .total_amount(price("120.00"))
            .total_payments(12);
        let offer = |number: &str| {
            AgreementPageSign::new()
                .personal_product_code("CYCLE_PAY_AUTH_P")
                .sign_scene("INDUSTRY|CARRENTAL")
                .external_agreement_no(number)
                .external_logon_id("138****8888")
                .period_rule_params(rule.clone())
        };
        let call = |number: &str| {
            let call = shop.client.user().agreement_page_sign(offer(number));
            let call = call.return_url(shop.back_url()).notify_url(shop.notify_url());
            call.url().expect("an address")
        };
        let (first, second) = (call("E1"), call("E2"));
        tab.open(&first, &pages).await;
        assert!(tab.fits().await);
        tab.picture(&format!("agreement-{short}")).await;
        tab.click("button.agree").await;
        tab.arrives(&pages).await;
        tab.picture(&format!("agreement-signed-{short}")).await;
        let address = tab.arrives(&shop.back_url()).await;
        let query = shop.browser_is_back().await;
        assert_eq!(address, format!("{}?{query}", shop.back_url()));
        let returned = shop
            .client
            .notifications()
            .verify_return(&query)
            .expect("a signed return");
        let returned = returned.expect_method::<AgreementPageSign>().expect("of a signing");
        let signed = shop.mock.agreement("E1").expect("the agreement");
        assert_eq!(returned.agreement_no.as_deref(), Some(signed.agreement_no.as_str()));
        shop.notification().await;

        tab.open(&second, &pages).await;
        tab.click("button:not(.agree)").await;
        tab.arrives(&pages).await;
        tab.picture(&format!("agreement-refused-{short}")).await;
        assert_eq!(shop.mock.agreement("E2").expect("the agreement").status, "REFUSED");
        assert!(shop.heard_nothing_more().await);
        chromium.close().await;
        shop.close().await;
    }
}
