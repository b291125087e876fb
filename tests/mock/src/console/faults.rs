//! What is ordered for the next calls.

use bytes::Bytes;
use http::Response;

use super::page::{self, Block, Button, Cell, Content, Fact, Field, Form, Input, Row, Table};
use super::text::{SHORT, line};
use super::{Place, Posted, View};
use crate::control::faults::{FaultOrder, NOT_PLAYED, PendingView, UNKNOWN_OUTCOME};
use crate::faults::Fault;
use crate::news::Topic;

/// A fault in words.
pub(super) fn label(view: &View<'_>, name: &str) -> String {
    let (chinese, english) = match name {
        "slow" => ("慢应答", "A slow answer"),
        UNKNOWN_OUTCOME => ("20000：结果未知", "20000: unknown outcome"),
        NOT_PLAYED => ("不模拟：只按 spec 应答", "Not played: answered by the spec alone"),
        "unsigned-refusal" => ("没有签名的拒绝", "A refusal without a signature"),
        "http-503" => ("HTTP 503", "HTTP 503"),
        "html" => ("网页代替应答", "A web page in place of the answer"),
        "empty" => ("空应答", "An empty answer"),
        "truncated" => ("应答只有一半", "Half of the answer"),
        "cut-off" => ("应答中途断开连接", "The connection ends within the answer"),
        "oversized" => ("超过 8 MiB 的应答", "An answer of more than 8 MiB"),
        "close-connection" => ("不应答即断开连接", "The connection ends without an answer"),
        "unsigned" => ("应答没有签名", "No signature"),
        "empty-sign" => ("签名为空", "An empty signature"),
        "wrong-sign" => ("签名错误", "A wrong signature"),
        "tampered" => ("内容被篡改一个字节", "One byte is changed"),
        "duplicate-root" => ("应答内容重复两次", "The content twice"),
        "gbk" => ("GBK 编码的应答", "An answer in GBK"),
        "slash-escaped" => ("斜杠转义，签名按未转义", "Slashes escaped, signed as if not"),
        "slash-escaped-signed" => ("斜杠转义，签名按转义", "Slashes escaped, and signed so"),
        "extra-field" => ("多出未知字段", "Fields that nobody knows"),
        "answer" => ("预设的应答", "An answer that was ordered"),
        other => (other, other),
    };
    view.say(chinese, english).to_owned()
}

/// The faults that wait, and the form; with what went wrong, if something did.
pub(super) fn show(view: &View<'_>, wrong: Option<String>) -> Response<Bytes> {
    let blocks = vec![pending(view), form(view), certificates(view)];
    view.answer(Place::Faults, &[Topic::Faults, Topic::State], blocks, wrong)
}

fn pending(view: &View<'_>) -> Block {
    let any = view.say("任何接口", "Any method");
    let row = |waiting: PendingView| {
        let seconds = waiting
            .seconds
            .map(|seconds| format!("{seconds} {}", view.say("秒", "s")));
        let detail = waiting.error.or(seconds).unwrap_or_default();
        let executed = if waiting.executed {
            view.say("会执行", "Carried out")
        } else {
            view.say("不执行", "Not carried out")
        };
        let often = if waiting.once {
            view.say("下一次调用", "The next call")
        } else {
            view.say("所有调用", "All calls")
        };
        Row {
            key: waiting.id.clone(),
            cells: vec![
                Cell::new(&label(view, &waiting.fault)).mood("open").small(&detail),
                Cell::new(&line(waiting.method.as_deref().unwrap_or(any), SHORT)),
                Cell::new(often).small(executed),
                Cell::button(Button {
                    action: Place::Faults.path(),
                    name: "withdraw",
                    value: waiting.id,
                    label: view.say("取消", "Withdraw"),
                }),
            ],
        }
    };
    let table = Table {
        head: vec![
            view.say("故障", "Fault"),
            view.say("接口", "Method"),
            view.say("用于", "For"),
            "",
        ],
        rows: view.core.pending().into_iter().map(row).collect(),
        empty: view.say(
            "没有等待的故障：一切正常应答。",
            "No fault waits: everything is answered as it should be.",
        ),
    };
    Block::new(
        "pending",
        view.say("等待的故障", "Faults that wait"),
        Content::Table(table),
    )
}

fn form(view: &View<'_>) -> Block {
    let names = [UNKNOWN_OUTCOME, NOT_PLAYED];
    let names = names.iter().chain(Fault::names());
    let faults = names.map(|name| ((*name).to_owned(), label(view, name)));
    let methods = view.core.specs.methods().into_iter().map(str::to_owned);
    let form = Form {
        method: "post",
        action: Place::Faults.path(),
        fields: vec![
            Field {
                name: "fault",
                label: view.say("故障", "Fault"),
                input: Input::Choice("wrong-sign".to_owned(), faults.collect()),
            },
            Field {
                name: "method",
                label: view.say("接口（空：任何接口）", "Method (empty: any)"),
                input: Input::OneOf(String::new(), methods.collect()),
            },
            Field {
                name: "seconds",
                label: view.say("慢应答的秒数", "How many seconds a slow answer takes"),
                input: Input::Text("5".to_owned(), "5"),
            },
            Field {
                name: "executed",
                label: view.say("结果未知的调用实际会执行", "A call of unknown outcome is carried out"),
                input: Input::Check(true),
            },
        ],
        presses: vec![("order".to_owned(), view.say("用于下一次调用", "For the next call"))],
    };
    let hint = view.say(
        "每个故障只用于一次应答，按顺序。除「不模拟」和不执行的 20000 外，调用都已执行：对调用方来说结果未知。",
        "A fault serves one answer, in order. But for not played, and 20000 that is not carried out, the call behind it is carried out: its caller \
         can't know.",
    );
    Block::new("order", view.say("新的故障", "A new fault"), Content::Form(form))
        .hint(hint)
        .narrow()
}

fn certificates(view: &View<'_>) -> Block {
    let sn = view.core.look(|state, _| {
        let certificates = state.identity.certificates();
        certificates.map(|certificates| certificates.alipay_cert_sn().to_owned())
    });
    let heading = view.say("支付宝证书", "Alipay's certificate");
    let Some(sn) = sn else {
        let facts = vec![Fact {
            label: view.say("方式", "Mode"),
            id: "mode",
            value: Cell::new(view.say(
                "公钥：没有证书可以更换",
                "Public keys: there is no certificate to change",
            )),
        }];
        return Block::new("certificates", heading, Content::Facts(facts)).narrow();
    };
    let form = Form {
        method: "post",
        action: Place::Faults.path(),
        fields: Vec::new(),
        presses: vec![("roll-over".to_owned(), view.say("更换证书", "Roll over"))],
    };
    let hint = format!(
        "{} {}",
        view.say(
            "更换之后，所有应答和通知都由新证书签名，旧证书仍可下载。当前序列号：",
            "From then on, everything is signed with the new certificate; earlier ones can still be downloaded. The serial now:"
        ),
        line(&sn, SHORT)
    );
    let mut block = Block::new("certificates", heading, Content::Form(form)).hint(hint);
    block.is_live = true;
    block.narrow()
}

/// A fault is ordered or withdrawn, or the certificate rolled over.
pub(super) fn order(view: &View<'_>, form: &Posted) -> Response<Bytes> {
    let withdrawn = form.field("withdraw");
    let done = if !withdrawn.is_empty() {
        view.core.withdraw(withdrawn)
    } else if form.field("press") == "roll-over" {
        view.core.roll_over_alipay_certificate().map(|_| ())
    } else {
        let seconds = form.field("seconds");
        view.core.order_fault(&FaultOrder {
            fault: form.field("fault").to_owned(),
            method: Some(form.field("method").to_owned()).filter(|method| !method.is_empty()),
            // What is no number is told as none that is possible.
            seconds: (!seconds.is_empty()).then(|| seconds.parse().unwrap_or(f64::NAN)),
            executed: form.field("executed") == "yes",
        })
    };
    match done {
        Ok(()) => page::elsewhere(Place::Faults.path()),
        Err(error) => show(view, Some(error.to_string())),
    }
}
