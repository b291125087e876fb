//! A sub-merchant is taken in: pictures, an application, its review, changes, and what is told of each.

use alipay_api::{
    Client, Error,
    ant_merchant::{
        ExpandIndirectImageUpload, ExpandIndirectZftConsult, ExpandIndirectZftCreate, ExpandIndirectZftDelete,
        ExpandIndirectZftModify, ExpandIndirectZftSettlementmodify, ExpandIndirectZftSimplecreate,
        ExpandIndirectZftorderQuery, ExpandIndirectZftsubsettleQuery, ExpandOrderQuery,
        expand_indirect_image_upload::ExpandIndirectImageUploadErrorCode,
        expand_indirect_zftorder_query::{
            ZftSubMerchantOrder, ZftSubMerchantOrderKzAudit, ZftSubMerchantOrderStatus, ZftSubMerchantOrderSubConfirm,
        },
        expand_order_query::ExpandOrderQueryErrorCode,
        types::{AddressInfo, ContactInfo, DefaultSettleRule, SettleCardInfo, SiteInfo},
    },
    notify::{Notification, SUCCESS},
    open_auth::TokenApp,
    types::File,
};
use alipay_mock::{ApplicationStatus, ControlError, Mock};

use crate::support::{builder, merchant, start};

/// An application that lacks nothing.
fn application(external_id: &str) -> ExpandIndirectZftCreate {
    ExpandIndirectZftCreate::new()
        .external_id(external_id)
        .name("张三小卖铺")
        .merchant_type("07")
        .cert_type("201")
        .legal_name("张三")
        .legal_cert_no("330106199001011234")
        .alipay_logon_id("zhangsan@example.com")
        .binding_alipay_logon_id("zhangsan@example.com")
        .contact_infos([ContactInfo::new().name("张三").mobile("13800000000")])
}

async fn apply(client: &Client, application: ExpandIndirectZftCreate) -> String {
    let applied = client.ant_merchant().expand_indirect_zft_create(application).await;
    applied.unwrap().order_id.unwrap()
}

/// The application of this number as the query tells of it.
async fn order(client: &Client, order_id: &str) -> ZftSubMerchantOrder {
    let query = ExpandIndirectZftorderQuery::with_order_id(order_id);
    let mut found = client
        .ant_merchant()
        .expand_indirect_zftorder_query(query)
        .await
        .unwrap();
    assert_eq!(found.orders.len(), 1);
    found.orders.remove(0)
}

async fn upload(client: &Client, name: &str) -> String {
    let (_, format) = name.split_once('.').unwrap();
    let image = ExpandIndirectImageUpload::new()
        .image_type(format)
        .image_content(File::new(name, &b"a picture"[..]));
    let uploaded = client.ant_merchant().expand_indirect_image_upload(image).await.unwrap();
    uploaded.image_id.unwrap()
}

/// None of the methods has error codes of its own.
fn is_refused(error: &Error, field: &str) {
    assert_eq!(error.sub_code(), Some("isv.invalid-parameter"), "{error}");
    assert!(!error.is_outcome_unknown());
    let said = error.sub_message().unwrap();
    assert!(said.contains(field), "{said}");
}

#[tokio::test]
async fn a_sub_merchant_is_taken_in() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let mock = Mock::builder().app_gateway_url(url).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    let card = SettleCardInfo::new()
        .account_no("6212261202011584349")
        .account_holder_name("张三");
    let rule = DefaultSettleRule::new()
        .default_settle_type("bankCard")
        .default_settle_target("6212261202011584349");
    let order_id = apply(&client, application("1").biz_cards([card]).default_settle_rule(rule)).await;

    let waiting = order(&client, &order_id).await;
    assert_eq!(waiting.status, Some(ZftSubMerchantOrderStatus::V031.into()));
    assert_eq!(
        (
            waiting.external_id.as_deref(),
            waiting.merchant_name.as_deref(),
            waiting.smid
        ),
        (Some("1"), Some("张三小卖铺"), None)
    );
    assert_eq!(waiting.safe_binding_logon_id.as_deref(), Some("zha***@example.com"));
    assert_eq!(waiting.kz_audit, Some(ZftSubMerchantOrderKzAudit::Create.into()));
    // Nothing is there yet, and nothing else is applied for meanwhile.
    let again = client.ant_merchant().expand_indirect_zft_create(application("1")).await;
    is_refused(&again.unwrap_err(), "external_id");
    let modify = ExpandIndirectZftModify::with_external_id("1").alias_name("小卖铺");
    let early = client.ant_merchant().expand_indirect_zft_modify(modify).await;
    is_refused(&early.unwrap_err(), "no such sub-merchant");

    let passed = mock.pass_application(&order_id).unwrap();
    assert_eq!(passed.status, ApplicationStatus::Passed);
    let told = client.notifications().verify(posted.recv().await.unwrap()).unwrap();
    let Notification::AntMerchantExpandIndirectZftPassed(told) = told.into_inner() else {
        panic!("another notification")
    };
    let found = order(&client, &order_id).await;
    assert_eq!(found.status, Some(ZftSubMerchantOrderStatus::V99.into()));
    assert_eq!(found.sub_confirm, Some(ZftSubMerchantOrderSubConfirm::Finish.into()));
    let smid = found.smid.unwrap();
    assert!(smid.starts_with("2088") && smid.len() == 16, "{smid}");
    assert!(found.card_alias_no.is_some());
    let content = told.biz_content;
    assert_eq!(
        (
            content.order_id,
            content.external_id,
            content.smid,
            content.card_alias_no
        ),
        (order_id.clone(), "1".to_owned(), smid.clone(), found.card_alias_no)
    );
    let by_order = client
        .ant_merchant()
        .expand_order_query(ExpandOrderQuery::new(&order_id))
        .await
        .unwrap();
    assert_eq!(
        (by_order.status.as_deref(), by_order.ip_role_id.as_slice()),
        (Some("99"), std::slice::from_ref(&smid))
    );

    mock.notifications_settled().await;
    assert_eq!(mock.application(&order_id).unwrap().notifications.len(), 1);
}

#[tokio::test]
async fn a_sub_merchant_is_changed_and_voided() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let mock = Mock::builder().app_gateway_url(url).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    let card = SettleCardInfo::new().account_no("6212261202011584349");
    let order_id = apply(&client, application("1").biz_cards([card])).await;
    let smid = mock.pass_application(&order_id).unwrap().smid.unwrap();
    posted.recv().await.unwrap();
    let modify = ExpandIndirectZftModify::with_external_id("1").alias_name("小卖铺");

    // A change: nothing of it counts before it has passed.
    let changed = client.ant_merchant().expand_indirect_zft_modify(modify.clone()).await;
    let changed = changed.unwrap().order_id.unwrap();
    let delete = ExpandIndirectZftDelete::new().smid(&smid);
    let early = client.ant_merchant().expand_indirect_zft_delete(delete.clone()).await;
    is_refused(&early.unwrap_err(), "being reviewed");
    let rejected = mock.reject_application(&changed, "商户别名不合规").unwrap();
    assert_eq!((rejected.status, rejected.smid), (ApplicationStatus::Rejected, None));
    let told = client.notifications().verify(posted.recv().await.unwrap()).unwrap();
    let Notification::AntMerchantExpandIndirectZftRejected(told) = told.into_inner() else {
        panic!("another notification")
    };
    assert_eq!(
        (told.biz_content.order_id, told.biz_content.reason.as_str()),
        (changed.clone(), "商户别名不合规")
    );
    let found = order(&client, &changed).await;
    assert_eq!(found.status, Some(ZftSubMerchantOrderStatus::V1.into()));
    assert_eq!(
        (found.reason.as_deref(), found.kz_audit),
        (Some("商户别名不合规"), Some(ZftSubMerchantOrderKzAudit::Reject.into()))
    );

    // Money goes to the account instead of the card, once that has passed.
    let rule = DefaultSettleRule::new()
        .default_settle_type("alipayAccount")
        .default_settle_target("zhangsan2@example.com");
    let money = ExpandIndirectZftSettlementmodify::new()
        .smid(&smid)
        .alipay_logon_id("zhangsan2@example.com")
        .default_settle_rule(rule);
    let changed = client
        .ant_merchant()
        .expand_indirect_zft_settlementmodify(money)
        .await
        .unwrap();
    let where_to = async || {
        let query = ExpandIndirectZftsubsettleQuery::new().smid(&smid);
        client
            .ant_merchant()
            .expand_indirect_zftsubsettle_query(query)
            .await
            .unwrap()
    };
    let before = where_to().await;
    assert_eq!(
        (before.alipay_logon_id.as_deref(), before.biz_cards.len()),
        (Some("zhangsan@example.com"), 1)
    );
    mock.pass_application(&changed.order_id.unwrap()).unwrap();
    let after = where_to().await;
    assert_eq!(
        (after.alipay_logon_id.as_deref(), after.biz_cards.len()),
        (Some("zhangsan2@example.com"), 0)
    );

    // By the merchant's number, the newest first.
    let query = ExpandIndirectZftorderQuery::with_external_id("1");
    let all = client
        .ant_merchant()
        .expand_indirect_zftorder_query(query)
        .await
        .unwrap();
    assert_eq!(all.orders.len(), 3);
    assert_eq!(all.orders[2].order_id.as_ref(), Some(&order_id));

    client
        .ant_merchant()
        .expand_indirect_zft_delete(delete.clone())
        .await
        .unwrap();
    let again = client.ant_merchant().expand_indirect_zft_delete(delete).await;
    is_refused(&again.unwrap_err(), "no such sub-merchant");
    let modify = client.ant_merchant().expand_indirect_zft_modify(modify).await;
    is_refused(&modify.unwrap_err(), "no such sub-merchant");
}

#[tokio::test]
async fn an_application_is_decided_once_and_may_be_made_again_after_a_rejection() {
    let (mock, client) = start().await;
    let order_id = apply(&client, application("1")).await;
    mock.reject_application(&order_id, "资质不全").unwrap();
    assert_eq!(
        mock.pass_application(&order_id).unwrap_err(),
        ControlError::Decided(order_id.clone())
    );
    assert_eq!(
        mock.pass_application("none").unwrap_err(),
        ControlError::NoApplication("none".into())
    );
    let second = apply(&client, application("1")).await;
    assert_ne!(second, order_id);
    mock.pass_application(&second).unwrap();
    let third = client.ant_merchant().expand_indirect_zft_create(application("1")).await;
    is_refused(&third.unwrap_err(), "external_id");

    let unknown = ExpandIndirectZftorderQuery::with_order_id("2026");
    let error = client
        .ant_merchant()
        .expand_indirect_zftorder_query(unknown)
        .await
        .unwrap_err();
    is_refused(&error, "申请单不存在");
    let unknown = client
        .ant_merchant()
        .expand_order_query(ExpandOrderQuery::new("2026"))
        .await;
    assert_eq!(
        unknown.unwrap_err().sub_code_as(),
        Some(ExpandOrderQueryErrorCode::OrderNotExist)
    );
}

#[tokio::test]
async fn pictures_are_uploaded_before_they_are_named() {
    let (_mock, client) = start().await;
    let (inside, outside, licence) = (
        upload(&client, "inside.jpg").await,
        upload(&client, "outside.png").await,
        upload(&client, "licence.jpg").await,
    );
    let endings = [&inside, &outside].map(|id| id.rsplit('.').next().unwrap());
    assert_eq!(endings, ["jpg", "png"]);
    let address = AddressInfo::new()
        .province_code("330000")
        .city_code("330100")
        .district_code("330106")
        .address("文三路127号");
    let face = |licence: &str| {
        application("1")
            .service(["当面付".to_owned()])
            .business_address(address.clone())
            .in_door_images([inside.clone()])
            .out_door_images([outside.clone()])
            .cert_image(licence)
    };
    let unknown = client
        .ant_merchant()
        .expand_indirect_zft_create(face("a5d373f6.jpg"))
        .await;
    is_refused(&unknown.unwrap_err(), "cert_image");
    let mut without = face(&licence);
    without.in_door_images.clear();
    let without = client.ant_merchant().expand_indirect_zft_create(without).await;
    is_refused(&without.unwrap_err(), "in_door_images");
    apply(&client, face(&licence)).await;

    let nothing = ExpandIndirectImageUpload::new().image_type("jpg");
    let error = client
        .ant_merchant()
        .expand_indirect_image_upload(nothing)
        .await
        .unwrap_err();
    assert_eq!(
        error.sub_code_as(),
        Some(ExpandIndirectImageUploadErrorCode::MerchantIllegalArgument)
    );
}

#[tokio::test]
async fn what_the_documentation_asks_for_is_asked_for() {
    let (_mock, client) = start().await;
    let site = |kind: &str| {
        SiteInfo::new()
            .site_type(kind)
            .site_name("店")
            .site_url("https://example.com")
    };
    let services = |service: &str| vec![service.to_owned()];
    let mut nameless = application("1");
    nameless.name = None;
    for (wrong, field) in [
        (nameless, "name: required"),
        (
            ExpandIndirectZftCreate::new().name("张三小卖铺"),
            "external_id: required",
        ),
        (application("1").cert_type("100"), "cert_type"),
        (
            application("1")
                .merchant_type("06")
                .cert_type("100")
                .biz_cards([SettleCardInfo::new().account_no("1")]),
            "biz_cards",
        ),
        (
            application("1").contact_infos([ContactInfo::new().name("张三")]),
            "contact_infos.mobile",
        ),
        (application("1").service(services("wap支付")), "sites"),
        (
            application("1").service(services("app支付")).sites([site("01")]),
            "sites",
        ),
        (application("1").service(services("当面付")), "business_address"),
    ] {
        let error = client
            .ant_merchant()
            .expand_indirect_zft_create(wrong)
            .await
            .unwrap_err();
        is_refused(&error, field);
    }
    apply(
        &client,
        application("1").service(services("wap支付")).sites([site("01")]),
    )
    .await;

    let company = ExpandIndirectZftConsult::new()
        .external_id("2")
        .name("张三有限公司")
        .merchant_type("01")
        .cert_type("201")
        .alipay_logon_id("zhangsan@example.com");
    let error = client
        .ant_merchant()
        .expand_indirect_zft_consult(company.clone())
        .await
        .unwrap_err();
    is_refused(&error, "legal_name");
    let company = company.legal_name("张三").legal_cert_no("330106199001011234");
    let sound = client
        .ant_merchant()
        .expand_indirect_zft_consult(company)
        .await
        .unwrap();
    assert_eq!((sound.account_audit, sound.risk_audit), (Some(true), Some(true)));
    // A question is no application.
    let query = ExpandIndirectZftorderQuery::with_external_id("2");
    assert!(
        client
            .ant_merchant()
            .expand_indirect_zftorder_query(query)
            .await
            .is_err()
    );

    let simple = ExpandIndirectZftSimplecreate::new()
        .external_id("2")
        .name("李四")
        .alipay_logon_id("lisi@example.com");
    client
        .ant_merchant()
        .expand_indirect_zft_simplecreate(simple)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_sub_merchants_of_others_are_not_told() {
    let (mock, client) = start().await;
    let order_id = apply(&client, application("1")).await;
    let smid = mock.pass_application(&order_id).unwrap().smid.unwrap();
    let picture = upload(&client, "licence.jpg").await;
    let code = mock.authorise(None, None);
    let granted = TokenApp::with_code(code, "authorization_code");
    let granted = client.open_auth().token_app(granted).await.unwrap();
    let other = client.on_behalf_of(granted.app_auth_token);

    let query = ExpandIndirectZftorderQuery::with_order_id(&order_id);
    let error = other
        .ant_merchant()
        .expand_indirect_zftorder_query(query)
        .await
        .unwrap_err();
    is_refused(&error, "申请单不存在");
    let query = other
        .ant_merchant()
        .expand_order_query(ExpandOrderQuery::new(&order_id))
        .await;
    assert_eq!(
        query.unwrap_err().sub_code_as(),
        Some(ExpandOrderQueryErrorCode::NotAllowQuery)
    );
    let modify = ExpandIndirectZftModify::with_smid(&smid).alias_name("小卖铺");
    let error = other
        .ant_merchant()
        .expand_indirect_zft_modify(modify)
        .await
        .unwrap_err();
    is_refused(&error, "no such sub-merchant");
    let query = ExpandIndirectZftsubsettleQuery::new().smid(&smid);
    let error = other
        .ant_merchant()
        .expand_indirect_zftsubsettle_query(query)
        .await
        .unwrap_err();
    is_refused(&error, "no such sub-merchant");
    let delete = ExpandIndirectZftDelete::new().smid(&smid);
    let error = other
        .ant_merchant()
        .expand_indirect_zft_delete(delete)
        .await
        .unwrap_err();
    is_refused(&error, "no such sub-merchant");
    // Numbers and pictures are a merchant's own.
    let named = application("1").cert_image(&picture);
    let error = other
        .ant_merchant()
        .expand_indirect_zft_create(named)
        .await
        .unwrap_err();
    is_refused(&error, "cert_image");
    let own = other
        .ant_merchant()
        .expand_indirect_zft_create(application("1"))
        .await
        .unwrap();
    let own = mock.application(&own.order_id.unwrap()).unwrap();
    assert_ne!(own.auth_app_id, mock.app_id());
}
