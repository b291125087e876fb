use super::*;

fn at(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn agree(all: &mut Authorisations, hours: i64) -> String {
    let grantor = Grantor {
        auth_app_id: "2021".to_owned(),
        user_id: "2088".to_owned(),
    };
    all.agree(grantor, at(hours))
}

#[test]
fn a_code_works_once_and_for_a_day() {
    let mut all = Authorisations::default();
    let code = agree(&mut all, 0);
    let grant = all.exchange(&code, at(23)).unwrap();
    assert_eq!((grant.token.len(), grant.grantor.auth_app_id.as_str()), (40, "2021"));
    assert_eq!(all.find(&grant.token).unwrap().status(at(25)), TokenStatus::Valid);
    assert_eq!(all.exchange(&code, at(23)).unwrap_err(), ExchangeRefusal::Spent);
    let late = agree(&mut all, 0);
    assert_eq!(all.exchange(&late, at(24)).unwrap_err(), ExchangeRefusal::Spent);
    assert_eq!(all.exchange("x", at(0)).unwrap_err(), ExchangeRefusal::Unknown);
}

#[test]
fn a_refresh_replaces_both_tokens() {
    let mut all = Authorisations::default();
    let code = agree(&mut all, 0);
    let old = all.exchange(&code, at(0)).unwrap();
    let new = all.renew(&old.refresh, at(1)).unwrap();
    assert!(new.token != old.token && new.refresh != old.refresh);
    assert_eq!((new.refreshes, new.authorised), (1, at(0)));
    assert_eq!(all.renew(&old.refresh, at(1)).unwrap_err(), ExchangeRefusal::Spent);
    let status = |token: &str, hours| all.find(token).unwrap().status(at(hours));
    assert_eq!(status(&old.token, 1), TokenStatus::Valid);
    assert_eq!(status(&old.token, 2), TokenStatus::Replaced);
    assert_eq!(status(&new.token, 2), TokenStatus::Valid);
    assert_eq!(status(&new.token, 24 * 366), TokenStatus::Expired);
    let late = all.renew(&new.refresh, at(24 * 400)).unwrap_err();
    assert_eq!(late, ExchangeRefusal::Expired);
    assert_eq!(all.renew("x", at(0)).unwrap_err(), ExchangeRefusal::Unknown);
    let causes: Vec<_> = all.dead().map(|dead| dead.cause).collect();
    assert_eq!(causes, [RefreshTokenDeath::Replaced, RefreshTokenDeath::Expired]);
    assert_eq!(all.dead().next().unwrap().app_refresh_token, old.refresh);
}

#[test]
fn without_grace_the_old_token_dies_at_once() {
    let mut all = Authorisations::default();
    all.lifetimes.set(Lifetimes {
        app_auth_token_grace: Duration::ZERO,
        ..*all.lifetimes
    });
    let code = agree(&mut all, 0);
    let old = all.exchange(&code, at(0)).unwrap();
    all.renew(&old.refresh, at(1)).unwrap();
    assert_eq!(all.find(&old.token).unwrap().status(at(1)), TokenStatus::Replaced);
}

#[test]
fn a_new_authorisation_replaces_the_old_one() {
    let mut all = Authorisations::default();
    let first = agree(&mut all, 0);
    let old = all.exchange(&first, at(0)).unwrap();
    let unused = agree(&mut all, 1);
    let second = agree(&mut all, 2);
    assert_eq!(all.renew(&old.refresh, at(2)).unwrap_err(), ExchangeRefusal::Spent);
    assert_eq!(all.exchange(&unused, at(2)).unwrap_err(), ExchangeRefusal::Spent);
    let new = all.exchange(&second, at(2)).unwrap();
    assert_eq!(all.latest("2021").unwrap().token, new.token);
}

#[test]
fn nothing_outlives_a_cancellation() {
    let mut all = Authorisations::default();
    let code = agree(&mut all, 0);
    let old = all.exchange(&code, at(0)).unwrap();
    let new = all.renew(&old.refresh, at(0)).unwrap();
    assert!(all.cancel("2022").is_none());
    assert_eq!(all.cancel("2021").unwrap().token, new.token);
    assert!(all.cancel("2021").is_none());
    for token in [&old.token, &new.token] {
        assert_eq!(all.find(token).unwrap().status(at(0)), TokenStatus::Cancelled);
    }
    assert_eq!(all.renew(&new.refresh, at(0)).unwrap_err(), ExchangeRefusal::Spent);
    assert_eq!(all.dead().next().unwrap().cause, RefreshTokenDeath::Cancelled);
    assert_eq!(all.take_events().len(), 2);

    let anew = agree(&mut all, 1);
    assert!(all.exchange(&anew, at(1)).is_ok());
    assert_eq!(all.find(&new.token).unwrap().status(at(1)), TokenStatus::Cancelled);
}

#[test]
fn times_beyond_all_time_are_the_last() {
    assert_eq!(after(at(0), Duration::MAX), Timestamp::MAX);
}
