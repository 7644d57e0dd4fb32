//! A holder's own certificate: its page, its files, its share links; nobody else's.

use serde_json::json;
use tests::answer::text;
use tests::people::Trainee;
use tests::{Database, Story, on_both, paper};

use super::{OWN, hidden, trainee};

on_both! {
    a_holder_shares_the_own_certificate_sees_it_opened_and_takes_it_back;
}

/// It reads by what the other tests of files read by, so one database is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_prints_the_own_certificate_and_nobody_elses() {
    let story = Story::ready(Database::Sqlite).await;
    let people = [("王虚构", 6_101), ("李虚构", 6_102)]
        .map(|(name, number)| Trainee::new(number, name, "43", "13900006101", ""));
    let (cohort, members) = story.class_of(&people).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    let issued = story.issue(&cohort).await;
    let id = |at: usize| tests::answer::text(&issued["certificates"][at]["id"]);
    let mut home = trainee(&story, &cohort, members[0]).await;
    let page = home.open("/me").await.text();
    // Which of the two is whose is not told by the order of the answer.
    let (own, other) = if page.contains(&id(0)) {
        (id(0), id(1))
    } else {
        (id(1), id(0))
    };
    assert!(!page.contains(&other));
    let offered = |file: &str| page.contains(&format!("href=\"/me/certificates/{own}/{file}\""));
    for file in [
        "certificate.pdf",
        "certificate-large.pdf",
        "certificate.txt",
        "certificate.brf",
        "qr.png",
        "credential.jwt",
        "credential.json",
        "credential.sdjwt",
    ] {
        assert!(offered(file), "{file}: {page}");
    }
    let pdf = home
        .open(&format!("/me/certificates/{own}/certificate.pdf"))
        .await;
    assert_eq!(
        (pdf.status.as_u16(), pdf.header("content-type")),
        (200, "application/pdf")
    );
    assert_eq!(pdf.header("cache-control"), "no-store");
    assert_eq!(paper::scanned(&pdf.bytes), [story.qr_text(&own).await]);
    let plain = home
        .open(&format!("/me/certificates/{own}/certificate.txt"))
        .await
        .text();
    assert!(plain.contains("王虚构"), "{plain}");
    let qr = home.open(&format!("/me/certificates/{own}/qr.png")).await;
    assert_eq!(qr.header("content-type"), "image/png");
    // What a wallet takes; of the SD-JWT what was ticked, and nothing when nothing was.
    for (name, kind) in [
        ("credential.jwt", "application/vc+jwt"),
        ("credential.json", "application/vc"),
    ] {
        let file = home.open(&format!("/me/certificates/{own}/{name}")).await;
        assert_eq!(
            (file.status.as_u16(), file.header("content-type")),
            (200, kind)
        );
    }
    let path = format!("/me/certificates/{own}/credential.sdjwt");
    for (query, disclosed) in [
        ("", 9),
        ("?show=", 0),
        ("?show=&show=level", 1),
        ("?show=&show=name&show=hours", 2),
    ] {
        let token = home.open(&format!("{path}{query}")).await.text();
        assert_eq!(token.matches('~').count(), disclosed + 1, "{query}");
    }
    for query in ["?show=nothing", "?shwo=name"] {
        let answer = home.open(&format!("{path}{query}")).await;
        assert!(answer.status.is_client_error(), "{query}");
    }
    // For a screen: fewer modules, the same text.
    let text = story.qr_text(&own).await;
    let file = |level: &str| format!("/api/v1/certificates/{own}/qr.png{level}");
    let province = story.who("province-1");
    let [print, screen] = ["", "?level=m"].map(file);
    let (print, screen) = (province.get(&print).await, province.get(&screen).await);
    assert_eq!(qr.bytes, screen.bytes);
    for picture in [&print.bytes, &screen.bytes] {
        assert_eq!(certs::qr::read_one(picture).as_deref(), Ok(text.as_str()));
    }
    let side = |bytes: &[u8]| image::load_from_memory(bytes).expect("a picture").width();
    assert!(side(&screen.bytes) < side(&print.bytes));
    let svg = format!("/api/v1/certificates/{own}/qr.svg");
    let [print, screen] = [svg.clone(), format!("{svg}?level=m")];
    let (print, screen) = (province.get(&print).await, province.get(&screen).await);
    assert!(screen.text().len() < print.text().len());
    let odd = province.get(&file("?level=h")).await;
    assert!(odd.status.is_client_error(), "{}", odd.text());
    for (path, status) in [
        (format!("/me/certificates/{other}/certificate.txt"), 404),
        (format!("/me/certificates/{own}/other.txt"), 404),
        ("/me/certificates/none/certificate.txt".to_owned(), 404),
    ] {
        assert_eq!(home.open(&path).await.status.as_u16(), status, "{path}");
    }
    // Not signed in: led to the sign-in, as from every page of one's own.
    let mut nobody = tests::Browser::new(&story.server);
    let answer = nobody
        .open(&format!("/me/certificates/{own}/certificate.txt"))
        .await;
    assert_eq!(answer.status, 303);
}

async fn a_holder_shares_the_own_certificate_sees_it_opened_and_takes_it_back(database: Database) {
    let story = Story::ready(database).await;
    let people = [("王虚构", 6_111), ("李虚构", 6_112)]
        .map(|(name, number)| Trainee::new(number, name, "43", "13900006111", ""));
    let (cohort, members) = story.class_of(&people).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    let issued = story.issue(&cohort).await;
    let id = |at: usize| text(&issued["certificates"][at]["id"]);
    let mut home = trainee(&story, &cohort, members[0]).await;
    let list = home.open("/me").await.text();
    let (own, other) = if list.contains(&id(0)) {
        (id(0), id(1))
    } else {
        (id(1), id(0))
    };
    let path = format!("/me/certificates/{own}");
    assert!(list.contains(&format!("href=\"{path}\"")), "{list}");
    let answer = home.open(&path).await;
    // The one script reads the facts to the holder; the number is told character by character.
    assert!(
        answer
            .header("content-security-policy")
            .contains("script-src 'self'")
    );
    let page = answer.text();
    let script = page
        .split("src=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let script = home.open(script.expect("a script")).await;
    assert_eq!(
        script.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert!(script.text().contains("SpeechSynthesisUtterance"));
    for words in [
        "data-parts=\"[[&#34;zh-CN&#34;,&#34;登记状态:有效。&#34;]",
        "证书编号:M Z ",
        "登记状态:有效",
        "还没有分享链接",
        "/proof.tlog",
        "name=\"show\"",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let foreign = format!("/me/certificates/{other}");
    assert_eq!(home.open(&foreign).await.status, 404);
    let fields = |key: &str| {
        [
            ("key", key.to_owned()),
            ("act", "share".to_owned()),
            ("days", "7".to_owned()),
        ]
    };
    let key = hidden(&page, "key");
    let sent = fields(&key);
    let sent = sent.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(home.send(&foreign, &OWN, &sent).await.status, 404);
    let made = home.send(&path, &OWN, &sent).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.text();
    let token = |page: &str| {
        let at = page.find("?share=").expect("a link") + "?share=".len();
        page[at..].split('<').next().expect("a token").to_owned()
    };
    let token = token(&made);
    // By the same form again it is the same link, and by another number of days it is none.
    let again = home.send(&path, &OWN, &sent).await.text();
    assert!(again.contains(&token), "{again}");
    let anybody = story.who("anybody");
    let opens = format!("/api/v1/certificates/{own}/qr.txt?share={token}");
    assert_eq!(anybody.get(&opens).await.status, 200);
    assert_eq!(anybody.get(&opens).await.status, 200);
    let page = home.open(&path).await.text();
    assert!(page.contains("您建立的链接"), "{page}");
    assert!(
        page.contains("打开次数:2") && page.contains(&story.server.today().to_string()),
        "{page}"
    );
    assert!(!page.contains(&token), "shown once: {page}");
    // Over JSON the same; a link of staff is there too, and as much the holder's to take back.
    let enrolment = members[0].0.to_string();
    let client = crate::grievances::trainee(&story, &cohort, &enrolment).await;
    let shares = format!("/api/v1/me{}", path.trim_start_matches("/me")) + "/shares";
    let odd = client.post(&shares, &json!({ "days": 365 })).await;
    odd.problem(422, "invalid-request");
    let inner = text(&story.certificate(&own).await["id"]);
    let by_staff = format!("/api/v1/certificates/{inner}/shares");
    let county = story.who("county-1");
    let asked = json!({ "days": 30, "reason": "持证人在窗口要求。" });
    let theirs = county.post(&by_staff, &asked).await.good();
    let theirs = format!(
        "/api/v1/certificates/{own}/qr.txt?share={}",
        text(&theirs["token"])
    );
    assert_eq!(anybody.get(&theirs).await.status, 200);
    let all = client.get(&shares).await.good();
    let all = all.as_array().expect("links");
    assert_eq!(all.len(), 2, "{all:?}");
    let of = |by_me: bool| {
        let mut all = all.iter();
        all.find(|one| one["by_me"] == by_me).expect("a link")
    };
    assert_eq!(
        (&of(true)["openings"], &of(false)["openings"]),
        (&json!(2), &json!(1))
    );
    let withdraw = format!("{shares}/withdraw");
    let body = json!({ "link": of(false)["link"] });
    client.post(&withdraw, &body).await.good();
    assert_eq!(anybody.get(&theirs).await.status, 404);
    // Once; and nobody else's, whose certificate is not found.
    let twice = client.post(&withdraw, &body).await;
    twice.problem(422, "invalid-request");
    let mut stranger = trainee(&story, &cohort, members[1]).await;
    let link = text(&of(true)["link"]);
    let page = home.open(&path).await.text();
    let key = hidden(&page, "key");
    let sent = [
        ("key", key.as_str()),
        ("act", "withdraw"),
        ("link", link.as_str()),
    ];
    assert_eq!(stranger.send(&path, &OWN, &sent).await.status, 404);
    let on_theirs = stranger.send(&foreign, &OWN, &sent).await;
    assert_eq!(on_theirs.status, 422, "{}", on_theirs.text());
    assert_eq!(anybody.get(&opens).await.status, 200);
    assert_eq!(home.send(&path, &OWN, &sent).await.status, 303);
    assert_eq!(anybody.get(&opens).await.status, 404);
    assert!(home.open(&path).await.text().contains("已收回"));
}
