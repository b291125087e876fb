use super::*;

fn now() -> Timestamp {
    "2026-03-20T04:00:00Z".parse().unwrap()
}

fn at(day: &str) -> Timestamp {
    clock::parse(&format!("{day} 12:00")).unwrap()
}

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn merchant(auth_app_id: &str) -> Merchant {
    Merchant {
        app_id: "app".to_owned(),
        auth_app_id: auth_app_id.to_owned(),
        seller_id: "2088".to_owned(),
    }
}

fn terms(external_agreement_no: Option<&str>) -> Terms {
    Terms {
        merchant: merchant("app"),
        external_agreement_no: external_agreement_no.map(str::to_owned),
        external_logon_id: None,
        product: GENERAL.to_owned(),
        scene: "INDUSTRY|MEDICAL".to_owned(),
        third_party_type: "PARTNER".to_owned(),
        rule: None,
        signer: (None, None),
        is_direct: true,
        sign_until: None,
        invalid: at("2100-01-01"),
        callbacks: Callbacks::default(),
    }
}

pub(in crate::state) fn regular(unit: PeriodUnit, length: i64, first: &str) -> Terms {
    Terms {
        product: REGULAR.to_owned(),
        rule: Some(PeriodRule {
            unit,
            length,
            first: clock::parse_day(first).unwrap(),
            single: yuan("10.00"),
            total: Some(yuan("25.00")),
            times: Some(3),
        }),
        ..terms(Some("e"))
    }
}

fn signed(terms: Terms) -> (Agreements, String) {
    let mut agreements = Agreements::default();
    let no = agreements.offer(terms, now());
    agreements.sign(&no, Buyer::default(), now()).unwrap();
    (agreements, no)
}

#[test]
fn an_offer_is_signed_or_refused_once() {
    let mut agreements = Agreements::default();
    let no = agreements.offer(terms(None), now());
    assert!(agreements.find(&merchant("app"), &no).is_none());
    agreements.sign(&no, Buyer::default(), now()).unwrap();
    assert!(agreements.find(&merchant("app"), &no).is_some());
    assert!(agreements.find(&merchant("other"), &no).is_none());
    assert_eq!(agreements.refuse(&no, now()), Err(SignRefusal::NotOffered));
    assert_eq!(
        agreements.sign(&no, Buyer::default(), now()),
        Err(SignRefusal::NotOffered)
    );

    let again = agreements.offer(terms(None), now());
    assert_eq!(
        agreements.sign(&again, Buyer::default(), now()),
        Err(SignRefusal::Twice(no.clone()))
    );
    // A number of the merchant's makes it another agreement.
    let other = agreements.offer(terms(Some("e")), now());
    agreements.sign(&other, Buyer::default(), now()).unwrap();
    assert!(agreements.unsign(&no, None, now()) && !agreements.unsign(&no, None, now()));
    agreements.sign(&again, Buyer::default(), now()).unwrap();
    let told: Vec<_> = agreements.take_events().into_iter().map(|event| event.kind).collect();
    assert_eq!(
        told,
        [
            EventKind::Signed,
            EventKind::Signed,
            EventKind::Unsigned,
            EventKind::Signed
        ]
    );
}

#[test]
fn only_who_is_asked_signs_and_in_time() {
    let asked = Terms {
        signer: (Some("2088000000000001".to_owned()), None),
        sign_until: Some(now()),
        ..terms(None)
    };
    let mut agreements = Agreements::default();
    let no = agreements.offer(asked, now());
    assert_eq!(
        agreements.sign(&no, Buyer::default(), now()),
        Err(SignRefusal::OtherUser)
    );
    let user = Buyer {
        user_id: "2088000000000001".to_owned(),
        ..Buyer::default()
    };
    let late = now() + SignedDuration::from_secs(1);
    assert_eq!(agreements.sign(&no, user.clone(), late), Err(SignRefusal::NotOffered));
    assert_eq!(agreements.sign(&no, user, now()), Ok(()));
}

#[test]
fn deductions_need_an_agreement_in_force() {
    let (mut agreements, no) = signed(terms(None));
    let deduct =
        |agreements: &mut Agreements, merchant: &Merchant, at| agreements.deduct(merchant, &no, yuan("1.00"), at);
    assert_eq!(deduct(&mut agreements, &merchant("app"), now()), Ok(()));
    assert_eq!(
        deduct(&mut agreements, &merchant("other"), now()),
        Err(DeductRefusal::Unknown)
    );
    assert_eq!(
        deduct(&mut agreements, &merchant("app"), at("2100-01-01")),
        Err(DeductRefusal::Expired)
    );
    agreements.unsign(&no, None, now());
    assert_eq!(
        deduct(&mut agreements, &merchant("app"), now()),
        Err(DeductRefusal::Unknown)
    );
    assert_eq!(agreements.all().next().unwrap().deducted(), yuan("1.00"));

    let (agreements, no) = signed(Terms {
        is_direct: false,
        ..terms(None)
    });
    let refused = agreements.deductible(&merchant("app"), &no, yuan("1.00"), now());
    assert_eq!(refused.map(|_| ()), Err(DeductRefusal::NotInForce));
}

#[test]
fn a_plan_has_days_amounts_and_an_end() {
    let (mut agreements, no) = signed(regular(PeriodUnit::Month, 1, "2026-04-28"));
    let mut deduct = |day: &str, amount: &str| agreements.deduct(&merchant("app"), &no, yuan(amount), at(day));
    assert_eq!(deduct("2026-04-22", "10.00"), Err(DeductRefusal::Date));
    assert_eq!(deduct("2026-04-29", "10.00"), Err(DeductRefusal::Date));
    assert_eq!(deduct("2026-04-23", "10.01"), Err(DeductRefusal::Single));
    assert_eq!(deduct("2026-04-23", "10.00"), Ok(()));
    // The next one is a month later, though this one came early.
    assert_eq!(deduct("2026-04-28", "10.00"), Err(DeductRefusal::Date));
    assert_eq!(deduct("2026-05-28", "10.00"), Ok(()));
    assert_eq!(deduct("2026-06-28", "5.01"), Err(DeductRefusal::Total));
    assert_eq!(deduct("2026-06-28", "5.00"), Ok(()));
    assert_eq!(deduct("2026-07-28", "0.01"), Err(DeductRefusal::Times));
}

#[test]
fn a_plan_is_only_put_off() {
    let (mut agreements, no) = signed(regular(PeriodUnit::Month, 1, "2026-04-28"));
    let mut put_off = |day: &str, now| {
        let day = clock::parse_day(day).unwrap();
        agreements.put_off(&merchant("app"), &no, day, now)
    };
    for day in ["2026-04-27", "2026-04-28", "2026-05-29"] {
        assert_eq!(put_off(day, now()), Err(PlanRefusal::Day), "{day}");
    }
    assert_eq!(put_off("2026-05-01", at("2026-05-02")), Err(PlanRefusal::Day));
    assert_eq!(put_off("2026-05-03", now()), Ok(()));
    let next = agreements.all().next().unwrap().next.map(|next| next.to_string());
    assert_eq!(next.as_deref(), Some("2026-05-03"));
    let (mut agreements, no) = signed(terms(None));
    let day = clock::parse_day("2026-05-03").unwrap();
    assert_eq!(
        agreements.put_off(&merchant("app"), &no, day, now()),
        Err(PlanRefusal::Agreement)
    );
    let (mut agreements, no) = signed(regular(PeriodUnit::Day, 7, "2026-04-28"));
    let late = clock::parse_day("2026-05-31").unwrap();
    assert_eq!(agreements.put_off(&merchant("app"), &no, late, now()), Ok(()));
}

#[test]
fn a_validity_is_days_or_months() {
    let ends = |text: &str| end_of(text, now()).map(|end| clock::day(end).to_string());
    assert_eq!(ends("30d").as_deref(), Some("2026-04-19"));
    assert_eq!(ends("2m").as_deref(), Some("2026-05-20"));
    for text in ["", "m", "2", "0d", "-1d", "1y", "1.5m", "二m", "999999999999d"] {
        assert_eq!(ends(text), None, "{text}");
    }
}
