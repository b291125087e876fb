//! Uploads of pictures, which other calls name by their ids.

use super::{Behaviour, Call, Played};
use crate::numbers;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::images::Album;

pub(super) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        method: "ant.merchant.expand.indirect.image.upload",
        errors: &["MERCHANT_ILLEGAL_ARGUMENT", "INVALID_IMAGE_FORMAT"],
        play: onboarding,
    },
    Behaviour {
        method: "alipay.merchant.image.upload",
        errors: &["PARAM_ILLEGAL"],
        play: complaints,
    },
];

fn onboarding(call: &mut Call<'_>) -> Result<Played, Failure> {
    if !has_image(call) {
        return Err(call.refuse("MERCHANT_ILLEGAL_ARGUMENT", "参数不合法: image_content: required"));
    }
    let format = call.text("image_type").filter(|format| {
        let formats = ["bmp", "jpg", "jpeg", "png", "gif"];
        formats.contains(&format.as_str())
    });
    let format = format.ok_or_else(|| call.refuse("INVALID_IMAGE_FORMAT", "图片格式不支持"))?;
    let digits = numbers::random(16);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or_default());
    Ok(kept(call, Album::Onboarding, &format!("{}.{format}", parts.join("-"))))
}

fn complaints(call: &mut Call<'_>) -> Result<Played, Failure> {
    let is_known = call.text("image_type").is_some_and(|format| {
        let formats = ["jpg", "jpeg", "png"];
        formats.contains(&format.as_str())
    });
    if !has_image(call) || !is_known {
        return Err(call.refuse("PARAM_ILLEGAL", "参数不合法: image_type, image_content"));
    }
    let id = numbers::random(16);
    Ok(kept(call, Album::Complaints, &id))
}

fn has_image(call: &Call<'_>) -> bool {
    call.request.contains_key("image_content")
}

fn kept(call: &mut Call<'_>, album: Album, id: &str) -> Played {
    call.state.images.keep(album, &call.merchant.auth_app_id, id);
    Played::success(Fields::new().with("image_id", id))
}
