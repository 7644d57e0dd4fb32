//! Photographs of codes, as telephones make them.

use reqwest::multipart::{Form, Part};
use tests::{Database, Story};

use super::{form, id};

/// A picture of a telephone: so many pixels, the code in its middle, and what cameras put behind the picture.
fn telephone(text: &str, bytes: usize) -> Vec<u8> {
    let code = certs::qr::png(text, certs::qr::Level::Q, 12).expect("a picture");
    let code = image::load_from_memory(&code)
        .expect("a picture")
        .to_luma8();
    let mut picture = image::GrayImage::from_fn(4000, 3000, |x, y| {
        image::Luma([u8::try_from(150 + (x / 100 + y / 100) % 80).unwrap_or(150)])
    });
    image::imageops::overlay(&mut picture, &code, 1400, 900);
    let mut jpeg = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut jpeg, image::ImageFormat::Jpeg)
        .expect("written");
    let mut jpeg = jpeg.into_inner();
    jpeg.resize(bytes.max(jpeg.len()), 0);
    jpeg
}

fn states(html: &str) -> Vec<&str> {
    html.split("data-state=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// Reading pictures is slow without optimisation, and asks no database: one is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photographs_of_a_telephone_are_read_as_they_come() {
    let (story, issued) = Story::with_certificates(Database::Sqlite, 1).await;
    let qr = story.qr_text(&id(&issued, 0)).await;
    let photo = |bytes: Vec<u8>, name: String| Part::bytes(bytes).file_name(name);
    // Eighty megabytes, and one that is longer than a photograph may be.
    let picture = telephone(&qr, 4 << 20);
    let mut many = Form::new();
    for at in 0..20 {
        many = many.part("photos", photo(picture.clone(), format!("{at}.jpg")));
    }
    many = many.part("photos", photo(vec![0xff; 13 << 20], "20.jpg".to_owned()));
    let answer = form(&story, many).await;
    let html = answer.text();
    assert_eq!(answer.status, 200, "{html}");
    let states = states(&html);
    assert_eq!(
        (states.len(), states[0], states[19], states[20]),
        (21, "valid", "valid", "unreadable")
    );
    assert!(html.contains("与第 1 行重复") && html.contains("20.jpg"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_small_photographs_are_answered_and_one_more_is_too_many() {
    let (story, issued) = Story::with_certificates(Database::Sqlite, 1).await;
    let qr = story.qr_text(&id(&issued, 0)).await;
    let small = certs::qr::png(&qr, certs::qr::Level::M, 2).expect("a picture");
    for (count, status) in [(1_000, 200), (1_001, 422)] {
        let mut many = Form::new();
        for at in 0..count {
            let part = Part::bytes(small.clone()).file_name(format!("{at}.png"));
            many = many.part("photos", part);
        }
        let answer = form(&story, many).await;
        let html = answer.text();
        assert_eq!(answer.status.as_u16(), status, "{html}");
        match status {
            200 => assert!(html.contains("已查验 1000 份:证书有效 1000"), "{html}"),
            _ => assert!(html.contains("1001"), "{html}"),
        }
    }
}
