//! What the documentation asks of an application for a sub-merchant.

use serde_json::{Map, Value};

use crate::methods::text;
use crate::state::images::{Album, Images};
use crate::state::onboarding::Details;

/// A natural person.
const PERSON: &str = "06";

/// The kind of document that goes with each kind of merchant.
const DOCUMENTS: [(&str, &str); 7] = [
    ("01", "201"),
    ("02", "218"),
    ("03", "204"),
    ("04", "206"),
    ("05", "219"),
    (PERSON, "100"),
    ("07", "201"),
];

/// What is wrong with an application: the field, and what it should be.
pub(super) fn details(details: &Details) -> Result<(), String> {
    let kind = text(details, "merchant_type");
    let document = text(details, "cert_type");
    if let (Some(kind), Some(document)) = (&kind, &document)
        && !DOCUMENTS.contains(&(kind.as_str(), document.as_str()))
    {
        return Err(format!("cert_type: {document} does not go with merchant_type {kind}"));
    }
    let cards = objects(details, "biz_cards");
    if cards.len() > 1 {
        return Err("biz_cards: one card at most".to_owned());
    }
    if !cards.is_empty() && kind.as_deref() == Some(PERSON) {
        return Err("biz_cards: a person's money can't go to a bank card".to_owned());
    }
    let accounts = ["alipay_logon_id", "oversea_settle_open_id", "oversea_settle_account"];
    if cards.is_empty() && accounts.iter().all(|name| text(details, name).is_none()) {
        return Err("alipay_logon_id: required without biz_cards".to_owned());
    }
    for contact in objects(details, "contact_infos") {
        for name in ["name", "mobile"] {
            text(contact, name).ok_or_else(|| format!("contact_infos.{name}: required"))?;
        }
    }
    for qualification in objects(details, "qualifications") {
        for name in ["industry_qualification_type", "industry_qualification_image"] {
            text(qualification, name).ok_or_else(|| format!("qualifications.{name}: required"))?;
        }
    }
    settle_rule(details, &cards)?;
    services(details, kind.as_deref())
}

/// Whoever is no natural person has a legal representative.
pub(super) fn legal_person(details: &Details) -> Result<(), String> {
    let kind = text(details, "merchant_type").filter(|kind| kind != PERSON);
    for name in ["legal_name", "legal_cert_no"] {
        if kind.is_some() && text(details, name).is_none() {
            return Err(format!("{name}: required unless the merchant is a person"));
        }
    }
    Ok(())
}

/// Money goes by default to where it may go at all.
fn settle_rule(details: &Details, cards: &[&Map<String, Value>]) -> Result<(), String> {
    let Some(rule) = details.get("default_settle_rule").and_then(Value::as_object) else {
        return Ok(());
    };
    let target = text(rule, "default_settle_target");
    let targets: Vec<_> = match text(rule, "default_settle_type").as_deref() {
        Some("bankCard") => cards.iter().map(|card| text(card, "account_no")).collect(),
        Some("alipayAccount") => vec![text(details, "alipay_logon_id")],
        _ => return Err("default_settle_rule.default_settle_type: bankCard or alipayAccount".to_owned()),
    };
    if target.is_none() || !targets.contains(&target) {
        return Err("default_settle_rule.default_settle_target: not among the application's accounts".to_owned());
    }
    Ok(())
}

/// What the services that a merchant uses ask for.
fn services(details: &Details, kind: Option<&str>) -> Result<(), String> {
    let used = strings(details.get("service"));
    let is_used = |service: &str| used.contains(&service);
    let needed = |name: &str, service: &str| {
        let is_given = !strings(details.get(name)).is_empty();
        is_given
            .then_some(())
            .ok_or_else(|| format!("{name}: required with {service}"))
    };
    if is_used("当面付") {
        let address = objects(details, "business_address");
        let address = address.first().ok_or("business_address: required with 当面付")?;
        for name in ["province_code", "city_code", "district_code", "address"] {
            text(address, name).ok_or_else(|| format!("business_address.{name}: required with 当面付"))?;
        }
        needed("in_door_images", "当面付")?;
        needed("out_door_images", "当面付")?;
        match kind {
            Some(PERSON) => needed("cert_image_back", "当面付")?,
            Some(_) => needed("cert_image", "当面付")?,
            None => {}
        }
    }
    let sites = objects(details, "sites");
    let has_site = |kinds: &[&str], names: &[&str]| {
        sites.iter().any(|site| {
            text(site, "site_type").is_some_and(|kind| kinds.contains(&kind.as_str()))
                && names.iter().all(|name| text(site, name).is_some())
        })
    };
    for (service, kinds, names) in [
        ("电脑支付", &["01"][..], &["site_url", "site_name"][..]),
        ("wap支付", &["01"], &["site_url", "site_name"]),
        ("app支付", &["02", "06"], &["site_name"]),
        ("jsapi支付", &["06"], &["tiny_app_id"]),
    ] {
        if is_used(service) && !has_site(kinds, names) {
            return Err(format!(
                "sites: {service} needs one of site_type {} with {}",
                kinds.join(" or "),
                names.join(" and ")
            ));
        }
    }
    Ok(())
}

/// Whether all pictures that an application names were uploaded for it.
pub(super) fn images(details: &Details, images: &Images, merchant: &str) -> Result<(), String> {
    let single = [
        "additional_cert_image",
        "cert_image",
        "cert_image_back",
        "in_door_images",
        "legal_cert_back_image",
        "legal_cert_front_image",
        "license_auth_letter_image",
        "out_door_images",
    ];
    let single = single.iter().flat_map(|name| {
        let ids = strings(details.get(*name));
        ids.into_iter().map(move |id| (*name, id))
    });
    let qualifications = objects(details, "qualifications");
    let qualifications = qualifications.iter().flat_map(|qualification| {
        let ids = strings(qualification.get("industry_qualification_image"));
        ids.into_iter().map(|id| ("qualifications", id))
    });
    for (name, id) in single.chain(qualifications) {
        if !images.has(Album::Onboarding, merchant, id) {
            return Err(format!(
                "{name}: no picture that ant.merchant.expand.indirect.image.upload gave"
            ));
        }
    }
    Ok(())
}

/// The texts of a field: some methods take one where others take a list.
fn strings(value: Option<&Value>) -> Vec<&str> {
    let all = match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text.as_str()],
        _ => Vec::new(),
    };
    all.into_iter().filter(|text| !text.is_empty()).collect()
}

/// The objects of a field, likewise.
fn objects<'a>(details: &'a Details, name: &str) -> Vec<&'a Map<String, Value>> {
    match details.get(name) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_object).collect(),
        Some(Value::Object(object)) => vec![object],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An application that lacks nothing, with these fields changed; `null` removes one.
    fn problem(changes: &Value) -> String {
        let mut all = json!({
            "merchant_type": "07", "cert_type": "201", "alipay_logon_id": "a@example.com",
            "contact_infos": [{ "name": "张三", "mobile": "13800000000" }],
        });
        let all = all.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            all.insert(name.clone(), value.clone());
        }
        all.retain(|_, value| !value.is_null());
        details(all).err().unwrap_or_default()
    }

    #[test]
    fn each_kind_of_merchant_has_its_document() {
        assert_eq!(problem(&json!({})), "");
        assert_eq!(problem(&json!({ "merchant_type": "06", "cert_type": "100" })), "");
        assert!(problem(&json!({ "merchant_type": "06" })).starts_with("cert_type: 201 does not go"));
        let nameless = Map::from_iter([("merchant_type".to_owned(), json!("01"))]);
        assert_eq!(
            legal_person(&nameless).unwrap_err(),
            "legal_name: required unless the merchant is a person"
        );
        let person = Map::from_iter([("merchant_type".to_owned(), json!("06"))]);
        assert_eq!(legal_person(&person), Ok(()));
    }

    #[test]
    fn money_goes_somewhere() {
        assert_eq!(
            problem(&json!({ "alipay_logon_id": null })),
            "alipay_logon_id: required without biz_cards"
        );
        let card = json!({ "account_no": "6212" });
        assert_eq!(problem(&json!({ "alipay_logon_id": null, "biz_cards": [card] })), "");
        assert_eq!(
            problem(&json!({ "biz_cards": [card, card] })),
            "biz_cards: one card at most"
        );
        let person = json!({ "merchant_type": "06", "cert_type": "100", "biz_cards": [card] });
        assert!(problem(&person).starts_with("biz_cards: a person's money"));
        let rule = |kind: &str, target: &str| json!({ "biz_cards": [card], "default_settle_rule": { "default_settle_type": kind, "default_settle_target": target } });
        assert_eq!(problem(&rule("bankCard", "6212")), "");
        assert_eq!(problem(&rule("alipayAccount", "a@example.com")), "");
        for (kind, target) in [
            ("bankCard", "6213"),
            ("alipayAccount", "b@example.com"),
            ("cash", "6212"),
            ("bankCard", ""),
        ] {
            assert!(problem(&rule(kind, target)).starts_with("default_settle_rule."));
        }
    }

    #[test]
    fn services_need_places() {
        let site = |kind: &str| json!({ "site_type": kind, "site_name": "店", "site_url": "https://example.com", "tiny_app_id": "2021" });
        for (service, good, bad) in [
            ("电脑支付", "01", "02"),
            ("wap支付", "01", "06"),
            ("app支付", "02", "01"),
            ("jsapi支付", "06", "02"),
        ] {
            assert_eq!(problem(&json!({ "service": [service], "sites": [site(good)] })), "");
            for sites in [json!([site(bad)]), Value::Null] {
                let found = problem(&json!({ "service": [service], "sites": sites }));
                assert!(found.starts_with(&format!("sites: {service} needs")), "{found}");
            }
        }
        let face = |without: &str| {
            let mut face = json!({
                "service": ["当面付"], "cert_image": "1.jpg", "in_door_images": ["2.jpg"], "out_door_images": "3.jpg",
                "business_address": { "province_code": "330000", "city_code": "330100", "district_code": "330106", "address": "文三路" },
            });
            face[without] = Value::Null;
            problem(&face)
        };
        assert_eq!(face("none"), "");
        for name in ["cert_image", "in_door_images", "out_door_images", "business_address"] {
            assert_eq!(face(name), format!("{name}: required with 当面付"));
        }
        let contact = json!({ "contact_infos": [{ "name": "张三" }] });
        assert_eq!(problem(&contact), "contact_infos.mobile: required");
        let nothing = json!({ "qualifications": [{ "industry_qualification_type": "1" }] });
        assert_eq!(
            problem(&nothing),
            "qualifications.industry_qualification_image: required"
        );
    }

    #[test]
    fn pictures_were_uploaded() {
        let mut kept = Images::default();
        kept.keep(Album::Onboarding, "m", "1.jpg");
        kept.keep(Album::Complaints, "m", "2.jpg");
        let with = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        assert_eq!(images(&with("cert_image", json!("1.jpg")), &kept, "m"), Ok(()));
        for (name, value) in [
            ("cert_image", json!("2.jpg")),
            ("in_door_images", json!(["1.jpg", "3.jpg"])),
            ("qualifications", json!([{ "industry_qualification_image": "3.jpg" }])),
        ] {
            let found = images(&with(name, value), &kept, "m").unwrap_err();
            assert!(found.starts_with(&format!("{name}: no picture")), "{found}");
        }
        assert!(images(&with("cert_image", json!("1.jpg")), &kept, "other").is_err());
    }
}
