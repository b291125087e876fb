//! What every store must do. Each test takes two handles of one empty store, as two processes have them.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use alipay_api::isv::store::{AuthorisationState, MerchantKey, Stored, Version};

use super::{authorisation, each::Handle, each_store, merchant, put, time, token};

each_store!(
    a_version_is_replaced_once,
    what_is_stored_comes_back,
    no_change_is_lost_in_a_race,
    a_first_authorisation_is_stored_once,
    what_is_removed_is_gone_and_its_version_too,
    after_a_removal_one_is_stored,
    a_lease_has_one_holder,
    a_lease_ends_by_itself,
    of_many_one_gets_the_lease,
    who_is_due_is_listed,
    apps_are_kept_apart,
);

async fn a_version_is_replaced_once(one: Handle, other: Handle) {
    let shop = merchant("shop");
    assert_eq!(one.load(shop).await.unwrap(), None);
    assert_eq!(
        one.replace(shop, Some(Version::FIRST), &authorisation("early"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(one.load(shop).await.unwrap(), None);

    put(&*one, "shop", "first").await;
    assert_eq!(other.replace(shop, None, &authorisation("again")).await.unwrap(), None);
    assert_eq!(token(&*other, "shop").await, "first");

    let second = other
        .replace(shop, Some(Version::FIRST), &authorisation("second"))
        .await
        .unwrap();
    assert_eq!(second, Some(Version(2)));
    for stale in [Version::FIRST, Version(3), Version(0), Version(u64::MAX)] {
        assert_eq!(
            one.replace(shop, Some(stale), &authorisation("stale")).await.unwrap(),
            None,
            "{stale:?}"
        );
    }
    assert_eq!(
        one.load(shop).await.unwrap(),
        Some(Stored::new(authorisation("second"), Version(2)))
    );
    assert_eq!(one.load(merchant("another")).await.unwrap(), None);
}

async fn what_is_stored_comes_back(one: Handle, other: Handle) {
    let mut granted = authorisation("201509BBdcba1e3347de4e75ba3fed2c9abebE36");
    granted.user_id = String::from("二〇八八 ' \" \\ %_");
    granted.expires_at = Some(time(1_795_449_600_001));
    for (version, state) in [
        AuthorisationState::Active,
        AuthorisationState::Cancelled,
        AuthorisationState::Lost,
    ]
    .into_iter()
    .enumerate()
    {
        granted.state = state;
        let version = u64::try_from(version).unwrap();
        let before = (version > 0).then_some(Version(version));
        let after = Some(Version(version + 1));
        assert_eq!(one.replace(merchant("shop"), before, &granted).await.unwrap(), after);
        assert_eq!(
            other.load(merchant("shop")).await.unwrap().unwrap().authorisation,
            granted
        );
    }

    // Times that are no whole milliseconds, that no calendar has, and tokens of any length.
    granted.app_auth_token = "长".repeat(3000).into();
    granted.app_refresh_token = "".into();
    granted.expires_at = Some(time(5) + Duration::from_nanos(999_999));
    granted.refresh_expires_at = Some(SystemTime::UNIX_EPOCH - Duration::from_nanos(1));
    granted.issued_at = time(253_402_300_800_000);
    one.replace(merchant("shop"), Some(Version(3)), &granted)
        .await
        .unwrap()
        .expect("it is stored");
    let read = other.load(merchant("shop")).await.unwrap().unwrap().authorisation;
    for (end, given) in [
        (read.expires_at, granted.expires_at),
        (read.refresh_expires_at, granted.refresh_expires_at),
    ] {
        let lost = given
            .unwrap()
            .duration_since(end.unwrap())
            .expect("no token lives longer than it does");
        assert!(lost < Duration::from_millis(1), "{lost:?}");
    }
    assert_eq!(read.issued_at, granted.issued_at);
    assert_eq!(read.app_auth_token, granted.app_auth_token);
    assert_eq!(read.app_refresh_token, granted.app_refresh_token);
}

async fn no_change_is_lost_in_a_race(one: Handle, other: Handle) {
    put(&*one, "shop", "0").await;
    let tasks: Vec<_> = (0..16)
        .map(|index| {
            let store = Arc::clone(if index % 2 == 0 { &one } else { &other });
            tokio::spawn(async move {
                for _ in 0..5 {
                    loop {
                        let stored = store.load(merchant("shop")).await.unwrap().unwrap();
                        let count: u32 = stored.authorisation.app_auth_token.expose().parse().unwrap();
                        let next = authorisation(&(count + 1).to_string());
                        if store
                            .replace(merchant("shop"), Some(stored.version), &next)
                            .await
                            .unwrap()
                            .is_some()
                        {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let stored = other.load(merchant("shop")).await.unwrap().unwrap();
    assert_eq!(stored, Stored::new(authorisation("80"), Version(81)));
}

async fn a_first_authorisation_is_stored_once(one: Handle, other: Handle) {
    let tasks: Vec<_> = (0..16)
        .map(|index| {
            let store = Arc::clone(if index % 2 == 0 { &one } else { &other });
            tokio::spawn(async move {
                let mine = index.to_string();
                let stored = store
                    .replace(merchant("shop"), None, &authorisation(&mine))
                    .await
                    .unwrap();
                stored.map(|_| mine)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners, [token(&*one, "shop").await]);
}

async fn what_is_removed_is_gone_and_its_version_too(one: Handle, other: Handle) {
    let shop = merchant("shop");
    one.remove(shop).await.unwrap();
    put(&*one, "shop", "first").await;
    put(&*one, "another", "first").await;
    assert!(one.lease(shop, "a", Duration::from_mins(1)).await.unwrap());
    let mut last = Version::FIRST;
    for round in ["again", "and again"] {
        other.remove(shop).await.unwrap();
        other.remove(shop).await.unwrap();
        assert_eq!(one.load(shop).await.unwrap(), None);
        let due = one
            .ending_before(shop.app_id, SystemTime::now(), None, 100)
            .await
            .unwrap();
        assert_eq!(due, [""; 0]);
        for stale in [Version(0), last, last.next(), Version(u64::MAX)] {
            let stored = one.replace(shop, Some(stale), &authorisation("stale")).await.unwrap();
            assert_eq!(stored, None, "{stale:?}");
        }
        let stored = one.replace(shop, None, &authorisation(round)).await.unwrap();
        let version = stored.expect("it is stored");
        assert!(version > last, "{version:?} follows {last:?}");
        assert_eq!(
            other.load(shop).await.unwrap(),
            Some(Stored::new(authorisation(round), version))
        );
        assert_eq!(other.replace(shop, None, &authorisation("stale")).await.unwrap(), None);
        // Who has read the old one can't replace the new one.
        assert_eq!(
            one.replace(shop, Some(last), &authorisation("stale")).await.unwrap(),
            None
        );
        last = version;
    }
    let next = one.replace(shop, Some(last), &authorisation("next")).await.unwrap();
    assert_eq!(next, Some(last.next()));
    assert!(!other.lease(shop, "b", Duration::from_mins(1)).await.unwrap());
    assert_eq!(token(&*other, "another").await, "first");
}

async fn after_a_removal_one_is_stored(one: Handle, other: Handle) {
    put(&*one, "shop", "first").await;
    one.remove(merchant("shop")).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|index| {
            let store = Arc::clone(if index % 2 == 0 { &one } else { &other });
            tokio::spawn(async move {
                let mine = index.to_string();
                let stored = store
                    .replace(merchant("shop"), None, &authorisation(&mine))
                    .await
                    .unwrap();
                stored.map(|_| mine)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners, [token(&*one, "shop").await]);
}

async fn a_lease_has_one_holder(one: Handle, other: Handle) {
    let shop = merchant("shop");
    let long = Duration::from_mins(1);
    assert!(one.lease(shop, "a", long).await.unwrap());
    assert!(!other.lease(shop, "b", long).await.unwrap());
    assert!(other.lease(merchant("another"), "b", long).await.unwrap());
    // Once more, by who has it.
    assert!(other.lease(shop, "a", long).await.unwrap());
    other.release(shop, "b").await.unwrap();
    assert!(!other.lease(shop, "b", long).await.unwrap());
    one.release(shop, "a").await.unwrap();
    one.release(shop, "a").await.unwrap();
    assert!(other.lease(shop, "b", Duration::MAX).await.unwrap());
    assert!(!one.lease(shop, "a", long).await.unwrap());
    // Neither needs the lease.
    put(&*one, "shop", "first").await;
    assert_eq!(token(&*one, "shop").await, "first");
}

async fn a_lease_ends_by_itself(one: Handle, other: Handle) {
    let shop = merchant("shop");
    let time = Duration::from_millis(300);
    let before = Instant::now();
    assert!(one.lease(shop, "dead", time).await.unwrap());
    // Nothing tells the end of a lease but asking for it.
    while !other.lease(shop, "alive", Duration::from_mins(1)).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The store's clock may count in whole milliseconds.
    let taken = before.elapsed() + Duration::from_millis(2);
    assert!(taken >= time, "{taken:?}");
    assert!(!one.lease(shop, "dead", time).await.unwrap());
    one.release(shop, "dead").await.unwrap();
    assert!(!one.lease(shop, "dead", time).await.unwrap());
}

async fn of_many_one_gets_the_lease(one: Handle, other: Handle) {
    // First where nobody has had it, then where a lease has ended.
    for round in 0..2 {
        let tasks: Vec<_> = (0..24)
            .map(|index| {
                let store = Arc::clone(if index % 2 == 0 { &one } else { &other });
                tokio::spawn(async move {
                    let holder = format!("{round}-{index}");
                    let taken = store
                        .lease(merchant("shop"), &holder, Duration::from_mins(1))
                        .await
                        .unwrap();
                    taken.then_some(holder)
                })
            })
            .collect();
        let mut holders = Vec::new();
        for task in tasks {
            holders.extend(task.await.unwrap());
        }
        assert_eq!(holders.len(), 1, "{holders:?}");
        // It ends at once.
        assert!(one.lease(merchant("shop"), &holders[0], Duration::ZERO).await.unwrap());
    }
}

async fn who_is_due_is_listed(one: Handle, other: Handle) {
    let (early, late) = (Some(time(1_000_000)), Some(time(9_000_000)));
    let app_id = merchant("").app_id;
    for (name, token_end, refresh_end, state) in [
        ("a", early, late, AuthorisationState::Active),
        ("B", late, early, AuthorisationState::Active),
        ("c", None, None, AuthorisationState::Active),
        ("d", early, None, AuthorisationState::Lost),
        ("é", early, None, AuthorisationState::Active),
        ("10", None, early, AuthorisationState::Active),
        ("9", early, early, AuthorisationState::Active),
        ("f", late, late, AuthorisationState::Active),
        ("g", early, early, AuthorisationState::Cancelled),
    ] {
        let mut granted = authorisation(name);
        (granted.expires_at, granted.refresh_expires_at, granted.state) = (token_end, refresh_end, state);
        one.replace(merchant(name), None, &granted)
            .await
            .unwrap()
            .expect("it is stored");
    }
    let due =
        async |time, after: Option<&'static str>, limit| other.ending_before(app_id, time, after, limit).await.unwrap();
    let soon = time(2_000_000);
    // In the order of their bytes, whatever language the database speaks.
    assert_eq!(due(soon, None, 100).await, ["10", "9", "B", "a", "é"]);
    assert_eq!(due(soon, None, 2).await, ["10", "9"]);
    assert_eq!(due(soon, Some("9"), 2).await, ["B", "a"]);
    assert_eq!(due(soon, Some("B2"), 100).await, ["a", "é"]);
    assert_eq!(due(soon, Some("é"), 100).await, [""; 0]);
    assert_eq!(due(soon, None, 0).await, [""; 0]);
    assert_eq!(due(time(1_000_000), None, 100).await, [""; 0]);
    assert_eq!(due(time(1_000_000) + Duration::from_nanos(1), None, 100).await.len(), 5);
    assert_eq!(
        due(time(9_000_001), None, u32::MAX).await,
        ["10", "9", "B", "a", "f", "é"]
    );
    assert_eq!(
        other.ending_before("another app", soon, None, 100).await.unwrap(),
        [""; 0]
    );
}

async fn apps_are_kept_apart(one: Handle, other: Handle) {
    let of = |app_id| MerchantKey {
        app_id,
        auth_app_id: "shop",
    };
    for app_id in ["1", "2"] {
        assert!(one.lease(of(app_id), app_id, Duration::from_mins(1)).await.unwrap());
        one.replace(of(app_id), None, &authorisation(app_id))
            .await
            .unwrap()
            .expect("it is stored");
    }
    for app_id in ["1", "2"] {
        let stored = other.load(of(app_id)).await.unwrap().unwrap();
        assert_eq!(stored, Stored::new(authorisation(app_id), Version::FIRST));
    }
}
