//! Which fields say who an Alipay user is: all of them lead to the one page that explains the move from user ids to open ids.

use crate::ir::{Field, Object, Scalar, Type};

/// How names of user ids end.
const USER_ID: [&str; 6] = ["user_id", "userid", "uid", "buyer_id", "payer_id", "payee_id"];

/// How names of open ids end.
const OPEN_ID: [&str; 2] = ["open_id", "openid"];

/// Ids of others: Zhima's open ids, merchants, ISVs, and users of other systems.
const OTHERS: [&str; 5] = ["external_", "isv_", "merchant_", "third_party_", "zm_"];

/// What only texts about Alipay's own users say. A merchant's users and those of other systems have ids too.
const ALIPAY: [&str; 4] = ["支付宝", "蚂蚁统一会员", "Alipay user", "2088"];

/// What says that the id is a merchant's: merchants keep theirs.
const MERCHANT: [&str; 6] = ["商户", "商家", "pid", "PID", "merchant's", "seller's"];

/// Whether a field holds an Alipay user's id or open id.
pub(super) fn is_user_id(field: &Field, object: &Object) -> bool {
    if !matches!(item(&field.ty), Type::Scalar(Scalar::String)) {
        return false;
    }
    if let Some(stem) = stem(&field.name, &OPEN_ID) {
        return !OTHERS.contains(&stem);
    }
    let Some(stem) = stem(&field.name, &USER_ID).filter(|stem| !OTHERS.contains(stem)) else {
        return false;
    };
    let label = field.doc.label.as_deref().unwrap_or_default();
    let says = |words: &[&str]| {
        words
            .iter()
            .any(|word| label.contains(word) || field.doc.text.contains(word))
    };
    let example = field.example.as_ref().and_then(|example| example.as_str());
    let is_alipays = || says(&ALIPAY) || example.is_some_and(|example| example.starts_with("2088"));
    // The same user, as apps see it that have moved.
    let has_open_id = || {
        let names = || OPEN_ID.iter().map(|end| format!("{stem}{end}"));
        let whole = || {
            OPEN_ID
                .iter()
                .map(|end| format!("{}_{end}", field.name.trim_end_matches("_id")))
        };
        names()
            .chain(whole())
            .any(|name| object.fields.iter().any(|other| other.name == name))
    };
    has_open_id() || (is_alipays() && !says(&MERCHANT))
}

fn item(ty: &Type) -> &Type {
    match ty {
        Type::List(item) => item,
        _ => ty,
    }
}

/// What stands in front of one of these ends, which is a word of its own.
fn stem<'n>(name: &'n str, ends: &[&str]) -> Option<&'n str> {
    let mut stems = ends.iter().filter_map(|end| name.strip_suffix(end));
    stems.find(|stem| stem.is_empty() || stem.ends_with('_'))
}

#[cfg(test)]
mod tests {
    use super::is_user_id;

    #[test]
    fn ids_of_alipay_users_lead_to_the_page_and_no_others() {
        let spec = crate::tests::method(
            "request:
  user_id: { type: string, label: 支付宝用户ID }
  buyer_id: { type: string, doc: Whoever pays. }
  buyer_open_id: { type: string, doc: The same to this app. }
  payee_user_id: { type: string, example: '2088101117955611', doc: Whoever is paid. }
  from_user_id: { type: string, label: 商户的支付宝用户号 }
  platform_user_id: { type: string, doc: As the platform knows the buyer. }
  fluid: { type: string, label: 支付宝流体 }
  zm_open_id: { type: string, doc: At Zhima. }
  uid: { type: int, label: 支付宝编号 }
response:
  open_id: { type: string, doc: Towards the app. }
  user_ids: { type: string, label: 支付宝用户ID }
  openids: { type: string, label: 支付宝用户ID }
",
        );
        let method = &spec.products[0].methods[0];
        let found = [&method.request, &method.response].into_iter().flat_map(|object| {
            let ids = object.fields.iter().filter(move |field| is_user_id(field, object));
            ids.map(|field| field.name.as_str())
        });
        let found: Vec<_> = found.collect();
        assert_eq!(
            found,
            ["user_id", "buyer_id", "buyer_open_id", "payee_user_id", "open_id"]
        );
    }
}
