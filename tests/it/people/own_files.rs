//! A holder's own certificate as files, by pages alone; nobody else's.

use tests::people::Trainee;
use tests::{Database, Story, paper};

use super::trainee;

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
