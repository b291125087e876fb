//! What the gateway refuses because Alipay's documentation says that Alipay does, beyond what it needs to play its methods. A lenient gateway leaves all of
//! it out.

use std::time::Duration;

use alipay_codegen::ir::{Field, Method, Object, Placement};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::journal::ReceivedFile;
use crate::protocol::Request;
use crate::protocol::failure::Failure;

/// Which of the rules hold.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Strictness {
    /// Whether none holds.
    pub(crate) is_lenient: bool,
    /// How far a V2 request's time may be from the gateway's. Alipay documents none.
    pub(crate) timestamp_window: Option<Duration>,
}

impl Strictness {
    /// Whether a request was sent at this time, more or less.
    ///
    /// V3's window is the protocol's own. Of V2, the documentation only says what the time looks like (`isv.invalid-timestamp` among the common error
    /// codes): so there is no window unless a user sets one.
    pub(crate) fn time(self, request: &dyn Request, now: Timestamp) -> Result<(), Failure> {
        let own = self
            .timestamp_window
            .and_then(|window| SignedDuration::try_from(window).ok());
        let Some((sent, window)) = request.sent().zip(request.window().or(own)) else {
            return Ok(());
        };
        if self.is_lenient || now.duration_since(sent).abs() <= window {
            return Ok(());
        }
        let message = format!("非法的时间戳参数：与当前时间相差超过 {} 秒", window.as_secs());
        Err(Failure::invalid("isv.invalid-timestamp", message))
    }

    /// Whether a URL that a request names is short enough: by the tables of the common parameters, such as those of
    /// <https://opendocs.alipay.com/open/8ad49e4a_alipay.trade.precreate>, 256 characters in V2, and 1024 in V3.
    pub(crate) fn url(self, request: &dyn Request, name: &str, url: &str) -> Result<(), Failure> {
        let longest = request.longest_url();
        if self.is_lenient || url.chars().count() <= longest {
            return Ok(());
        }
        let message = format!("{name} 最长 {longest} 个字符");
        Err(Failure::invalid("isv.invalid-parameter", message))
    }

    /// Whether a text consists of what the field's spec says, whose `source` is the source; else what is wrong.
    pub(crate) fn characters(self, field: &Field, text: &str) -> Result<(), String> {
        match field.misfit(text).filter(|_| !self.is_lenient) {
            Some(character) => Err(format!("must not contain {character:?}")),
            None => Ok(()),
        }
    }

    /// Whether the files of an upload have the sizes and the names that the method's spec says.
    pub(crate) fn files(self, method: &Method, files: &[(String, ReceivedFile)]) -> Result<(), Failure> {
        let Object { fields, .. } = &method.request;
        let limited = fields.iter().filter(|field| field.placement == Placement::File);
        for field in limited.filter(|_| !self.is_lenient) {
            let mut sent = files.iter().filter(|(name, _)| *name == field.name);
            sent.try_for_each(|(_, sent)| file(method, field, sent))?;
        }
        Ok(())
    }

    /// Whether a payee who is named by a bank account comes with the bank, as `bankcard_ext_info`: <https://opendocs.alipay.com/open/02byuo>.
    pub(crate) fn has_bank(self, payee: &Map<String, Value>) -> bool {
        let is_bank_account = payee
            .get("identity_type")
            .is_some_and(|kind| kind == "BANKCARD_ACCOUNT");
        let bank = payee.get("bankcard_ext_info").and_then(Value::as_object);
        self.is_lenient || !is_bank_account || bank.is_some_and(|bank| !bank.is_empty())
    }

    /// The content type of a notification. Alipay sends one that strict parsers of content types refuse: requests of Alipay's that merchants have published
    /// name two media types.
    pub(crate) fn content_type(self, charset: &str) -> String {
        let kind = if self.is_lenient { "" } else { " text/html;" };
        format!("application/x-www-form-urlencoded;{kind} charset={charset}")
    }
}

/// What methods say of a file that is too large, or too small.
const TOO_LARGE: [&str; 2] = ["FILE_SIZE_OUT_LIMIT", "IMAGE_SIZE_OVERRANGE"];
const TOO_SMALL: [&str; 2] = ["FILE_SIZE_MIN_LIMIT", "IMAGE_SIZE_OVERRANGE"];

/// Whether a file keeps to its spec. A method that has a code of its own for its size uses that, else the gateway has one.
fn file(method: &Method, field: &Field, sent: &ReceivedFile) -> Result<(), Failure> {
    let size = u64::try_from(sent.content.len()).unwrap_or(u64::MAX);
    let wrong_size = |own: [&'static str; 2], general| {
        let message = format!("文件大小无效: {}: {size} 字节", field.name);
        let own = own
            .into_iter()
            .find(|code| method.errors.iter().any(|error| error.code == *code));
        own.map_or_else(
            || Failure::invalid(general, message.clone()),
            |own| Failure::business(own, message.clone()),
        )
    };
    if field.max_size.is_some_and(|max| size > max) {
        return Err(wrong_size(TOO_LARGE, "isv.invalid-file-size"));
    }
    if field.min_size.is_some_and(|min| size < min) {
        return Err(wrong_size(TOO_SMALL, "isv.invalid-parameter"));
    }
    let extension = sent.name.rsplit_once('.').map(|(_, extension)| extension);
    let is_listed = |extension: &str| {
        field
            .extensions
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(extension))
    };
    if !field.extensions.is_empty() && !extension.is_some_and(is_listed) {
        let message = format!("文件扩展名无效: {}: 应为 {}", field.name, field.extensions.join(", "));
        return Err(Failure::invalid("isv.invalid-file-extension", message));
    }
    Ok(())
}
