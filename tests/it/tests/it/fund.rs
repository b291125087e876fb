use alipay_api::{
    ErrorClass, ErrorKind,
    fund::{
        TransCommonQuery, TransCommonQueryErrorCode, TransOrderQuery, TransOrderQueryErrorCode, TransToaccountTransfer,
        TransToaccountTransferErrorCode, TransToaccountTransferRequired, TransUniTransfer, TransUniTransferErrorCode,
        trans_common_query::{TransCommonQueryProductCode, TransCommonQueryStatus},
        trans_order_query::TransOrderQueryStatus,
        trans_uni_transfer::TransUniTransferStatus,
        types::Participant,
    },
};

use crate::support::{price, start, start_certified};

#[tokio::test]
async fn a_transfer_is_made_once_and_found_again() {
    let (_mock, client) = start().await;
    let transfer = || {
        TransToaccountTransfer::new(TransToaccountTransferRequired {
            out_biz_no: "20170626152216".into(),
            payee_type: "ALIPAY_LOGONID".into(),
            payee_account: "csqnji8117@sandbox.com".into(),
            amount: price("3.12"),
        })
    };
    let sent = client.fund().trans_toaccount_transfer(transfer()).await.unwrap();
    assert_eq!(sent.out_biz_no, "20170626152216");
    assert!(sent.pay_date.is_some());
    let again = client.fund().trans_toaccount_transfer(transfer()).await.unwrap();
    assert_eq!(again.order_id, sent.order_id);

    let found = client
        .fund()
        .trans_order_query(TransOrderQuery::with_out_biz_no("20170626152216"))
        .await
        .unwrap();
    assert_eq!(
        (found.order_id, found.status),
        (Some(sent.order_id), Some(TransOrderQueryStatus::Success.into()))
    );
}

#[tokio::test]
async fn a_transfer_of_one_fen_is_refused() {
    let (_mock, client) = start().await;
    let transfer = TransToaccountTransfer::new(TransToaccountTransferRequired {
        out_biz_no: "1".into(),
        payee_type: "ALIPAY_LOGONID".into(),
        payee_account: "csqnji8117@sandbox.com".into(),
        amount: price("0.01"),
    });
    let error = client.fund().trans_toaccount_transfer(transfer).await.unwrap_err();
    assert_eq!(
        error.sub_code_as(),
        Some(TransToaccountTransferErrorCode::InvalidParameter)
    );
}

#[tokio::test]
async fn a_transfer_that_nobody_made_is_not_found() {
    let (_mock, client) = start().await;
    let error = client
        .fund()
        .trans_order_query(TransOrderQuery::with_out_biz_no("none"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(TransOrderQueryErrorCode::OrderNotExist));
    // It says nothing of whether the money moved.
    assert_eq!(error.class(), Some(ErrorClass::OutcomeUnknown));
}

#[tokio::test]
async fn an_unclear_uni_transfer_is_found_by_each_of_its_numbers() {
    let (mock, client) = start_certified().await;
    mock.answer_next("alipay.fund.trans.uni.transfer", "40004", "SYSTEM_ERROR", true);
    let payee = Participant::new("2088123412341234", "ALIPAY_USER_ID");
    let transfer = TransUniTransfer::new("20170626152218", price("82.32"), payee);
    let error = client.fund().trans_uni_transfer(transfer).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");

    let found = client
        .fund()
        .trans_common_query(TransCommonQuery::with_out_biz_no("20170626152218"))
        .await
        .unwrap();
    assert_eq!(
        (found.status, found.trans_amount),
        (Some(TransCommonQueryStatus::Success.into()), Some(price("82.32")))
    );
    assert!(found.pay_date.is_some());
    let order_id = found.order_id.unwrap();
    for query in [
        TransCommonQuery::with_order_id(&order_id),
        TransCommonQuery::with_pay_fund_order_id(found.pay_fund_order_id.unwrap()),
    ] {
        let found = client.fund().trans_common_query(query).await.unwrap();
        assert_eq!(found.out_biz_no.as_deref(), Some("20170626152218"));
        assert_eq!(found.order_id.as_ref(), Some(&order_id));
    }
    // The older query does not know it.
    let error = client
        .fund()
        .trans_order_query(TransOrderQuery::with_order_id(&order_id))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(TransOrderQueryErrorCode::OrderNotExist));
}

#[tokio::test]
async fn a_uni_transfer_that_is_not_found_may_have_been_made() {
    let (mock, client) = start_certified().await;
    let payee = Participant::new("2088123412341234", "ALIPAY_USER_ID");
    let transfer = TransUniTransfer::new("20170626152219", price("1.00"), payee);
    client.fund().trans_uni_transfer(transfer).await.unwrap();
    let query = TransCommonQuery::with_out_biz_no("20170626152219");
    let error = client
        .fund()
        .trans_common_query(query.product_code(TransCommonQueryProductCode::StdRedPacket))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(TransCommonQueryErrorCode::OrderNotExist));
    assert_eq!(error.class(), Some(ErrorClass::OutcomeUnknown));
    let received = mock.last_request("alipay.fund.trans.common.query").unwrap();
    assert!(
        received["biz_content"].contains(r#""biz_scene":"DIRECT_TRANSFER""#),
        "{received:?}"
    );
}

#[tokio::test]
async fn a_uni_transfer_is_made_once_in_certificate_mode() {
    let (mock, client) = start_certified().await;
    let transfer = || {
        let payee = Participant::new("egdjny5218@sandbox.com", "ALIPAY_LOGON_ID").name("sandbox env");
        TransUniTransfer::new("20170626152217", price("82.32"), payee)
    };
    let sent = client.fund().trans_uni_transfer(transfer()).await.unwrap();
    assert_eq!(
        (sent.out_biz_no.as_str(), sent.status),
        ("20170626152217", Some(TransUniTransferStatus::Success.into()))
    );
    let again = client.fund().trans_uni_transfer(transfer()).await.unwrap();
    assert_eq!(again.order_id, sent.order_id);
    let received = mock.last_request("alipay.fund.trans.uni.transfer").unwrap();
    assert!(
        received["biz_content"].contains(r#""product_code":"TRANS_ACCOUNT_NO_PWD""#),
        "{received:?}"
    );
    assert_eq!(
        (received["app_cert_sn"].len(), received["alipay_root_cert_sn"].len()),
        (32, 65)
    );
}

#[tokio::test]
async fn a_uni_transfer_of_nothing_is_refused() {
    let (_mock, client) = start_certified().await;
    let transfer = TransUniTransfer::new(
        "1",
        price("0.00"),
        Participant::new("2088123412341234", "ALIPAY_USER_ID"),
    );
    let error = client.fund().trans_uni_transfer(transfer).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(TransUniTransferErrorCode::InvalidParameter));
}

#[tokio::test]
async fn a_uni_transfer_is_not_sent_in_public_key_mode() {
    let (mock, client) = start().await;
    let transfer = TransUniTransfer::new(
        "1",
        price("1.00"),
        Participant::new("2088123412341234", "ALIPAY_USER_ID"),
    );
    let error = client.fund().trans_uni_transfer(transfer).await.unwrap_err();
    assert_eq!((error.kind(), mock.requests()), (ErrorKind::Configuration, 0));
    assert!(error.to_string().contains("Credentials::certificates"), "{error}");
}
