//! The picture of the bust: parallel projection, a large key light, fill and rim light, soft
//! shadows, ambient occlusion, plain materials.

use rayon::prelude::*;

use crate::bust::{
    EYE, EYE_R, Part, Pose, bust, from_head, hair, lid_opening, lip_line, lip_radii, to_head,
};
use crate::shape::{V, step, v};

/// Size of the picture, and where it looks.
pub(crate) struct View {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) px_per_cm: f32,
    /// What stands in the middle of the picture, cm.
    pub(crate) centre: [f32; 2],
    /// Where the large light comes from.
    pub(crate) key: [f32; 3],
}

/// Where rays start and where they have met nothing, cm.
const NEAR: f32 = 16.0;
const FAR: f32 = -20.0;

fn normal(p: V, pose: Pose, e: f32) -> V {
    [
        v(1.0, -1.0, -1.0),
        v(-1.0, -1.0, 1.0),
        v(-1.0, 1.0, -1.0),
        v(1.0, 1.0, 1.0),
    ]
    .into_iter()
    .map(|k| k * bust(p + k * e, pose).0)
    .sum::<V>()
    .normalize()
}

/// Middles of the eyes in a picture, px: x and y of that on the left, then of the other.
#[allow(dead_code, reason = "not all of the examples that share this need it")]
pub(crate) fn eyes_px(view: &View, pose: Pose) -> [f64; 4] {
    let eye = |side: f32| {
        let p = from_head(v(side * EYE[0], EYE[1], EYE[2] + EYE_R), pose);
        [
            f64::from((p.x - view.centre[0]) * view.px_per_cm) + view.width as f64 / 2.0,
            view.height as f64 / 2.0 - f64::from((p.y - view.centre[1]) * view.px_per_cm),
        ]
    };
    let ([x1, y1], [x2, y2]) = (eye(-1.0), eye(1.0));
    [x1, y1, x2, y2]
}

pub(crate) fn march(x: f32, y: f32, pose: Pose) -> Option<(V, Part)> {
    let mut p = v(x, y, NEAR);
    for _ in 0..220 {
        let (d, part) = bust(p, pose);
        if d < 0.003 {
            return Some((p, part));
        }
        p.z -= d * 0.65;
        if p.z < FAR {
            return None;
        }
    }
    Some((p, bust(p, pose).1))
}

/// How much of a large light is seen: the narrowest gap along the way to it, against its size.
fn shadow(p: V, n: V, light: V, soft: f32, pose: Pose) -> f32 {
    let mut lit = 1.0f32;
    let mut t = 0.12;
    for _ in 0..40 {
        let d = bust(p + n * 0.04 + light * t, pose).0;
        lit = lit.min(0.5 + 0.5 * d / (soft * t + 0.03));
        if lit <= 0.0 {
            return 0.0;
        }
        t += (d * 0.8).clamp(0.06, 1.2);
        if t > 22.0 {
            break;
        }
    }
    lit * lit * (3.0 - 2.0 * lit)
}

/// How much of the sky is seen, from the distance to the bust at some steps outward.
fn occlusion(p: V, n: V, pose: Pose) -> f32 {
    let mut open = 0.0;
    let mut all = 0.0;
    for (t, w) in [(0.15, 1.0), (0.4, 0.9), (0.9, 0.8), (1.8, 0.6), (3.2, 0.4)] {
        open += w * (bust(p + n * t, pose).0 / t).clamp(0.0, 1.0);
        all += w;
    }
    open / all
}

struct Material {
    albedo: f32,
    /// Strength and narrowness of the highlight.
    gloss: f32,
    sharp: f32,
    /// How far light creeps around the edge of shadow.
    wrap: f32,
}

fn skin(q: V) -> Material {
    let m = v(q.x.abs(), q.y, q.z);
    let mut albedo = 0.60;
    // Cheeks and nose are redder, hence darker in grey; the shaved part too.
    albedo -= 0.05 * (-((m - v(4.2, -3.4, 6.5)).norm_squared() / 4.0)).exp();
    albedo -= 0.03 * (-((m - v(0.0, -3.8, 10.3)).norm_squared() / 1.2)).exp();
    let mut gloss = 0.10;
    // Lips.
    if q.z > 6.0 {
        let (up, low) = lip_radii(m.x);
        let line = lip_line(m.x);
        let y = q.y - line;
        let top = step(up[0] * 1.45, up[0] * 1.2, y);
        let bottom = step(-low[0] * 1.65, -low[0] * 1.35, y);
        let inside = top * bottom * step(2.5, 2.2, m.x);
        albedo += inside * (0.33 - albedo);
        gloss += inside * 0.15;
    }
    // Brows: hairs along an arch.
    let t = (m.x - 1.1) / 4.3;
    if q.z > 3.0 && t > -0.1 && t < 1.15 {
        let arch = 2.35 - 0.75 * (1.9 * t - 1.15).powi(2);
        let half = 0.40 * (1.0 - t).max(0.0).sqrt() * step(-0.15, 0.2, t) + 0.05;
        let across = (q.y - arch) / half;
        let lean = 62.0 * m.x + 34.0 * q.y * (1.0 - 1.6 * t);
        let hairs = 0.84 + 0.10 * lean.sin() + 0.06 * (2.3 * lean + 1.0).sin();
        let ends = step(-0.08, 0.12, t) * step(1.1, 0.8, t);
        albedo += (0.10 - albedo) * hairs * ends * step(1.25, 0.35, across.abs());
    }
    // Short hairs where the hair starts.
    let root = hair(q);
    if root < 0.9 {
        let grain = 0.85 + 0.15 * (40.0 * q.y.atan2(q.x)).sin();
        albedo += (0.22 - albedo) * 0.75 * grain * step(0.9, 0.0, root);
    }
    // Lashes: darker skin at the rim of the lids.
    let e = m - V::from(EYE);
    if e.norm() < 1.62 && e.z > 0.0 {
        let (a, b) = lid_opening(e.x, e.y);
        let rim = a.max(b);
        albedo *= 1.0 - 0.8 * step(0.16, 0.04, rim) * if a > b { 1.0 } else { 0.55 };
    }
    Material {
        albedo,
        gloss,
        sharp: 18.0,
        wrap: 0.25,
    }
}

fn eye(q: V, gaze: V) -> Material {
    let side = q.x.signum();
    let e = (q - v(side * EYE[0], EYE[1], EYE[2])).normalize();
    let r = (e - gaze).norm();
    let around = (e.y - gaze.y).atan2(e.x - gaze.x);
    let iris = 0.16
        + 0.08 * step(0.2, 0.42, r)
        + 0.035 * (23.0 * around).sin() * (11.0 * around + 1.0).sin();
    let mut albedo = 0.72 - 0.15 * step(0.7, 1.2, (e - v(0.0, 0.0, 1.0)).norm());
    albedo += step(0.55, 0.51, r) * (iris - albedo);
    albedo *= 1.0 - 0.65 * step(0.05, 0.0, (r - 0.52).abs());
    albedo += step(0.235, 0.195, r) * (0.01 - albedo);
    Material {
        albedo,
        gloss: 0.9,
        sharp: 260.0,
        wrap: 0.3,
    }
}

/// A direction in the head's own frame.
fn to_head_direction(d: V, pose: Pose) -> V {
    to_head(d, pose) - to_head(v(0.0, 0.0, 0.0), pose)
}

fn shade(p: V, part: Part, pose: Pose, key: V) -> f32 {
    let n = normal(p, pose, if part == Part::Hair { 0.02 } else { 0.012 });
    let q = to_head(p, pose);
    let gaze = to_head_direction(v(0.0, 0.02, 1.0), pose).normalize();
    let material = match part {
        Part::Skin => skin(q),
        Part::Eye => eye(q, gaze),
        Part::Hair => Material {
            albedo: 0.15,
            gloss: 0.30,
            sharp: 14.0,
            wrap: 0.1,
        },
        Part::Shirt => Material {
            albedo: 0.14,
            gloss: 0.02,
            sharp: 8.0,
            wrap: 0.15,
        },
    };
    let key = key.normalize();
    let rim = v(-0.88, 0.25, -0.35).normalize();
    let open = occlusion(p, n, pose);
    let lambert = |light: V, wrap: f32| ((n.dot(&light) + wrap) / (1.0 + wrap)).max(0.0);
    let key_lit = shadow(p, n, key, 0.16, pose);
    let mut light = 2.3 * lambert(key, material.wrap) * (key_lit * 0.97 + 0.03 * open);
    light += open * (0.10 + 0.06 * n.y + 0.11 * lambert(v(-0.6, 0.1, 0.8).normalize(), 0.5));
    light += 1.3 * lambert(rim, 0.0) * shadow(p, n, rim, 0.2, pose);
    let mut out = material.albedo * light;
    if part == Part::Eye {
        // The window that lights the face, mirrored in the cornea.
        let side = q.x.signum();
        let e = (q - v(side * EYE[0], EYE[1], EYE[2])).normalize();
        let spot = (e - (gaze + to_head_direction(v(0.22, 0.24, 0.0), pose)).normalize()).norm();
        out += 1.6 * step(0.13, 0.09, spot);
    }
    let view = v(0.0, 0.0, 1.0);
    for (from, power) in [
        (key, 2.3 * key_lit),
        (rim, 0.6),
        (v(-0.5, 0.5, 0.7).normalize(), 0.25 * open),
    ] {
        let half = (from + view).normalize();
        out += material.gloss
            * power
            * n.dot(&half).max(0.0).powf(material.sharp)
            * n.dot(&from).max(0.0).sqrt();
    }
    out
}

/// Light of the display, 0 to 1, from linear light: exposure with a shoulder, then sRGB.
fn display(linear: f32) -> f32 {
    let x = linear * 0.98;
    let x = x * (1.0 + x / 4.0) / (1.0 + x);
    if x <= 0.003_130_8 {
        12.92 * x
    } else {
        1.055 * x.powf(1.0 / 2.4) - 0.055
    }
}

/// Picture (display values, 0 to 1) and depth (cm along z; `None` where there is nothing).
pub(crate) fn render(view: &View, pose: Pose, samples: usize) -> (Vec<f32>, Vec<Option<f32>>) {
    let at = |index: usize, dx: f32, dy: f32| {
        let x = (index % view.width) as f32 + dx - view.width as f32 / 2.0;
        let y = view.height as f32 / 2.0 - (index / view.width) as f32 - dy;
        (
            view.centre[0] + x / view.px_per_cm,
            view.centre[1] + y / view.px_per_cm,
        )
    };
    (0..view.width * view.height)
        .into_par_iter()
        .map(|index| {
            let mut sum = 0.0;
            for s in 0..samples * samples {
                let off = |i: usize| (i as f32 + 0.5) / samples as f32;
                let (x, y) = at(index, off(s % samples), off(s / samples));
                if let Some((p, part)) = march(x, y, pose) {
                    sum += display(shade(p, part, pose, V::from(view.key)));
                }
            }
            let (x, y) = at(index, 0.5, 0.5);
            (
                sum / (samples * samples) as f32,
                march(x, y, pose).map(|(p, _)| p.z),
            )
        })
        .unzip()
}
