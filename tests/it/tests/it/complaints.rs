//! Complaints of buyers: made, told, read, answered, and ended.

use alipay_api::{
    Client, Error,
    merchant::{
        ImageUpload, TradecomplainBatchquery, TradecomplainFeedbackSubmit, TradecomplainQuery,
        TradecomplainReplySubmit, TradecomplainSupplementSubmit,
        image_upload::ImageUploadErrorCode,
        tradecomplain_batchquery::{Status, TargetInfo, TradecomplainBatchqueryErrorCode},
        tradecomplain_query::TradecomplainQueryErrorCode,
    },
    notify::{Notification, SUCCESS},
    open_auth::TokenApp,
    trade::Precreate,
    types::File,
};
use alipay_mock::{ComplaintStatus, ComplaintStep, ControlError, Mock, NewComplaint, Writer};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::support::{builder, merchant, paid_order, price, start};

fn about() -> NewComplaint {
    let mut about = NewComplaint::new("重复扣款", "同一件商品扣了两次款");
    about.demand = Some("我要退款".to_owned());
    about.phone_no = Some("13656767876".to_owned());
    about.images = vec!["https://example.com/1.png".to_owned()];
    about
}

/// The number of the complaint that the app is told of.
async fn told(client: &Client, posted: &mut UnboundedReceiver<Vec<u8>>) -> String {
    let body = posted.recv().await.unwrap();
    let told = client.notifications().verify(body).unwrap();
    assert_eq!(told.name(), "alipay.merchant.tradecomplain.changed");
    let Notification::MerchantTradecomplainChanged(told) = told.into_inner() else {
        panic!("another notification")
    };
    told.biz_content.complain_event_id
}

async fn picture(client: &Client) -> String {
    let image = ImageUpload::new()
        .image_type("png")
        .image_content(File::new("proof.png", &b"a picture"[..]));
    client.merchant().image_upload(image).await.unwrap().image_id.unwrap()
}

fn feedback(id: &str) -> TradecomplainFeedbackSubmit {
    TradecomplainFeedbackSubmit::new()
        .complain_event_id(id)
        .feedback_code("05")
        .feedback_content("已退款")
        .operator("王芳")
}

fn reply(id: &str) -> TradecomplainReplySubmit {
    TradecomplainReplySubmit::new()
        .complain_event_id(id)
        .reply_content("请稍候")
}

fn supplement(id: &str) -> TradecomplainSupplementSubmit {
    TradecomplainSupplementSubmit::new()
        .complain_event_id(id)
        .supplement_content("物流单号 12344444")
}

fn code<T>(result: Result<T, Error>) -> String {
    let error = result.err().expect("it is refused");
    error.sub_code().unwrap().to_owned()
}

async fn state(client: &Client, id: &str) -> String {
    let found = client
        .merchant()
        .tradecomplain_query(TradecomplainQuery::new(id))
        .await
        .unwrap();
    found.status.unwrap()
}

#[tokio::test]
async fn a_complaint_is_told_read_and_answered() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let mock = Mock::builder().app_gateway_url(url).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    let trade_no = paid_order(&mock, &client, "1", "0.04").await;
    let id = mock.complain("1", about()).unwrap().complain_event_id;
    assert_eq!(told(&client, &mut posted).await, id);

    let found = client
        .merchant()
        .tradecomplain_query(TradecomplainQuery::new(&id))
        .await
        .unwrap();
    assert_eq!(
        (
            found.complain_event_id.as_ref(),
            found.trade_no,
            found.merchant_order_no.as_deref()
        ),
        (Some(&id), Some(trade_no), Some("1"))
    );
    assert_eq!(
        (found.trade_amount, found.status.as_deref(), found.target_id.as_deref()),
        (Some(price("0.04")), Some("MERCHANT_PROCESSING"), Some(mock.seller_id()))
    );
    assert_eq!(
        (
            found.complain_reason.as_deref(),
            found.leaf_category_name.as_deref(),
            found.images.len()
        ),
        (Some("重复扣款"), Some("我要退款"), 1)
    );
    assert!(found.gmt_create.is_some() && found.gmt_finished.is_none() && found.reply_detail_infos.is_empty());

    let picture = picture(&client).await;
    let with_picture = reply(&id).reply_images(&picture);
    client
        .merchant()
        .tradecomplain_reply_submit(with_picture)
        .await
        .unwrap();
    let step = ComplaintStep::Reply {
        content: "还没收到".to_owned(),
    };
    mock.step_complaint(&id, step).unwrap();
    assert_eq!(told(&client, &mut posted).await, id);
    let handled = feedback(&id).feedback_images(format!("{picture},{picture}"));
    client.merchant().tradecomplain_feedback_submit(handled).await.unwrap();
    assert_eq!(state(&client, &id).await, "MERCHANT_FEEDBACKED");
    // It is handled once, and may be written about further.
    assert_eq!(
        code(client.merchant().tradecomplain_feedback_submit(feedback(&id)).await),
        "STATUS_CHANGED"
    );
    client.merchant().tradecomplain_reply_submit(reply(&id)).await.unwrap();
    assert_eq!(
        code(client.merchant().tradecomplain_supplement_submit(supplement(&id)).await),
        "STATUS_CHANGED"
    );

    mock.step_complaint(&id, ComplaintStep::Accept).unwrap();
    assert_eq!(told(&client, &mut posted).await, id);
    let found = client
        .merchant()
        .tradecomplain_query(TradecomplainQuery::new(&id))
        .await
        .unwrap();
    assert_eq!(found.status.as_deref(), Some("FINISHED"));
    assert!(found.gmt_finished.is_some());
    let messages: Vec<_> = found
        .reply_detail_infos
        .iter()
        .map(|message| {
            let role = message.replier_role.as_deref().unwrap();
            (role, message.content.as_deref().unwrap(), message.images.len())
        })
        .collect();
    assert_eq!(
        messages,
        [
            ("MERCHANT", "请稍候", 1),
            ("USER", "还没收到", 0),
            ("MERCHANT", "已退款", 2),
            ("MERCHANT", "请稍候", 0)
        ]
    );
    assert_eq!(
        code(client.merchant().tradecomplain_reply_submit(reply(&id)).await),
        "STATUS_CHANGED"
    );
    mock.notifications_settled().await;
    let complaint = mock.complaint(&id).unwrap();
    assert_eq!(
        (complaint.notifications.len(), complaint.feedback_code.as_deref()),
        (3, Some("05"))
    );
    assert_eq!(complaint.messages[1].writer, Writer::User);
}

#[tokio::test]
async fn customer_service_takes_a_complaint_over() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    let id = mock.complain("1", about()).unwrap().complain_event_id;
    mock.step_complaint(&id, ComplaintStep::Escalate).unwrap();
    assert_eq!(state(&client, &id).await, "PLATFORM_PROCESSING");
    let refused = |step: ComplaintStep, status: &'static str| {
        let refused = mock.step_complaint(&id, step).unwrap_err();
        assert_eq!(
            refused,
            ControlError::ComplaintState {
                complain_event_id: id.clone(),
                status
            }
        );
    };
    refused(ComplaintStep::Withdraw, "PLATFORM_PROCESSING");
    for result in [
        code(client.merchant().tradecomplain_reply_submit(reply(&id)).await),
        code(client.merchant().tradecomplain_feedback_submit(feedback(&id)).await),
    ] {
        assert_eq!(result, "STATUS_CHANGED");
    }
    client
        .merchant()
        .tradecomplain_supplement_submit(supplement(&id))
        .await
        .unwrap();
    mock.step_complaint(&id, ComplaintStep::Conclude).unwrap();
    assert_eq!(state(&client, &id).await, "PLATFORM_FINISH");
    refused(ComplaintStep::Close, "PLATFORM_FINISH");
    assert_eq!(
        code(client.merchant().tradecomplain_supplement_submit(supplement(&id)).await),
        "STATUS_CHANGED"
    );
    let complaint = mock.complaint(&id).unwrap();
    assert_eq!(complaint.supplements[0].content.as_deref(), Some("物流单号 12344444"));
    assert_eq!(
        mock.step_complaint("none", ComplaintStep::Close).unwrap_err(),
        ControlError::NoComplaint("none".into())
    );
}

#[tokio::test]
async fn only_buyers_who_paid_complain() {
    let (mock, client) = start().await;
    let order = Precreate::new("1", price("1.00"), "测试订单");
    client.trade().precreate(order).await.unwrap();
    assert_eq!(
        mock.complain("1", about()).unwrap_err(),
        ControlError::NotPaid("1".into())
    );
    mock.scan("1").unwrap();
    assert_eq!(
        mock.complain("1", about()).unwrap_err(),
        ControlError::NotPaid("1".into())
    );
    assert_eq!(
        mock.complain("2", about()).unwrap_err(),
        ControlError::NoOrder("2".into())
    );
    mock.pay("1").unwrap();
    let complaint = mock.complain("1", about()).unwrap();
    assert_eq!(complaint.status, ComplaintStatus::MerchantProcessing);
}

#[tokio::test]
async fn complaints_are_listed_by_state_and_time() {
    let (mock, client) = start().await;
    let mut ids = Vec::new();
    for number in ["1", "2", "3"] {
        paid_order(&mock, &client, number, "1.00").await;
        ids.push(mock.complain(number, about()).unwrap().complain_event_id);
    }
    mock.step_complaint(&ids[1], ComplaintStep::Withdraw).unwrap();
    let list = async |query: TradecomplainBatchquery| {
        let found = client.merchant().tradecomplain_batchquery(query).await.unwrap();
        let numbers: Vec<_> = found
            .trade_complain_infos
            .into_iter()
            .map(|complaint| complaint.complain_event_id.unwrap())
            .collect();
        (found.total_num.unwrap(), found.total_page_num.unwrap(), numbers)
    };
    let all = list(TradecomplainBatchquery::new()).await;
    assert_eq!(all, (3, 1, vec![ids[2].clone(), ids[1].clone(), ids[0].clone()]));
    let waiting = list(TradecomplainBatchquery::new().status(Status::MerchantProcessing)).await;
    assert_eq!(waiting, (2, 1, vec![ids[2].clone(), ids[0].clone()]));
    let second = list(TradecomplainBatchquery::new().page_num(2).page_size(2)).await;
    assert_eq!(second, (3, 2, vec![ids[0].clone()]));
    let past = TradecomplainBatchquery::new()
        .begin_time("2020-01-01 00:00:00".parse().unwrap())
        .end_time("2020-12-31 00:00:00".parse().unwrap());
    assert_eq!(list(past).await, (0, 0, vec![]));
    let of = |kind: &str, id: &str| {
        let target = TargetInfo::new().target_type(kind).target_id(id);
        TradecomplainBatchquery::new().target_infos([target])
    };
    assert_eq!(list(of("PID", mock.seller_id())).await.0, 3);
    assert_eq!(list(of("APPID", mock.app_id())).await.0, 0);
    for wrong in [
        TradecomplainBatchquery::new().page_size(21),
        TradecomplainBatchquery::new().page_num(0),
        TradecomplainBatchquery::new()
            .begin_time("2020-01-01 00:00:00".parse().unwrap())
            .end_time("2021-01-03 00:00:00".parse().unwrap()),
    ] {
        let error = client.merchant().tradecomplain_batchquery(wrong).await.unwrap_err();
        assert_eq!(
            error.sub_code_as(),
            Some(TradecomplainBatchqueryErrorCode::ParamIllegal)
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_not_written_down() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    let id = mock.complain("1", about()).unwrap().complain_event_id;
    let merchant = client.merchant();
    for refused in [
        code(
            merchant
                .tradecomplain_feedback_submit(feedback(&id).feedback_code("01"))
                .await,
        ),
        code(
            merchant
                .tradecomplain_feedback_submit(feedback(&id).feedback_images("ySYHS5"))
                .await,
        ),
        code(merchant.tradecomplain_feedback_submit(feedback("none")).await),
        code(
            merchant
                .tradecomplain_reply_submit(TradecomplainReplySubmit::new().complain_event_id(&id))
                .await,
        ),
        code(
            merchant
                .tradecomplain_reply_submit(reply(&id).reply_images("ySYHS5"))
                .await,
        ),
        code(merchant.tradecomplain_query(TradecomplainQuery::new("none")).await),
    ] {
        assert_eq!(refused, "PARAM_ILLEGAL");
    }
    let complaint = mock.complaint(&id).unwrap();
    assert_eq!(
        (complaint.status, complaint.messages.len()),
        (ComplaintStatus::MerchantProcessing, 0)
    );
    let nothing = ImageUpload::new().image_type("png");
    let error = merchant.image_upload(nothing).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(ImageUploadErrorCode::ParamIllegal));
}

#[tokio::test]
async fn complaints_about_others_are_not_told() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    let id = mock.complain("1", about()).unwrap().complain_event_id;
    let picture = picture(&client).await;
    let granted = TokenApp::with_code(mock.authorise(None, None), "authorization_code");
    let granted = client.open_auth().token_app(granted).await.unwrap();
    let other = client.on_behalf_of(granted.app_auth_token);
    let query = other.merchant().tradecomplain_query(TradecomplainQuery::new(&id)).await;
    assert_eq!(
        query.unwrap_err().sub_code_as(),
        Some(TradecomplainQueryErrorCode::AuthorityIllegal)
    );
    for refused in [
        code(other.merchant().tradecomplain_feedback_submit(feedback(&id)).await),
        code(other.merchant().tradecomplain_reply_submit(reply(&id)).await),
        code(other.merchant().tradecomplain_supplement_submit(supplement(&id)).await),
    ] {
        assert_eq!(refused, "AUTHORITY_ILLEGAL");
    }
    let list = other
        .merchant()
        .tradecomplain_batchquery(TradecomplainBatchquery::new())
        .await
        .unwrap();
    assert_eq!(list.total_num, Some(0));

    // An order of its own, and a picture that is not.
    let order = Precreate::new("2", price("1.00"), "测试订单");
    other.trade().precreate(order).await.unwrap();
    mock.pay("2").unwrap();
    let own = mock.complain("2", about()).unwrap().complain_event_id;
    let borrowed = reply(&own).reply_images(&picture);
    assert_eq!(
        code(other.merchant().tradecomplain_reply_submit(borrowed).await),
        "PARAM_ILLEGAL"
    );
    other.merchant().tradecomplain_reply_submit(reply(&own)).await.unwrap();
}
