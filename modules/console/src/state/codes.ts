// Which plain words an error's code has, where it has none of its own: words["code." + family].
// A test holds the rules to the codes that the service knows.
const rules: [RegExp, string][] = [
  [/^(streams_full|delivery_in_flight)$/, "busy"],
  [/^import_not_paused$/, "changed"],
  [/^payments_off$/, "off"],
  [/^import_broke_off$/, "engine"],
  [/^(image_decoder_unavailable|timeout|http_5\d\d)$/, "away"],
  [/^(image|photo|file|blob)_too_large$/, "large"],
  [/^(image_|photo_kills|photo_unread|plate_invisible|(plate_)?upload_(empty|aborted)|picture_unshowable|mask_|source_url_not_picture|zip_invalid|input_)/, "photo"],
  [/^(source_url_|address_|url_)/, "address"],
  [/^(csv_|products_invalid|import_(file|columns|too))/, "table"],
  [/^(endpoint_|delivery_|secret_)/, "endpoint"],
  [/^(insufficient_credits|hold_)/, "credits"],
  [/^debt_/, "debt"],
  [/budget_exceeded$/, "budget"],
  [/^(payment|refund_|package_|invoice_)/, "payment"],
  [/^(credentials_missing|api_key_invalid|token_|session_(ended|not)|unauthorized|sign_in_|key_sign_in|issuer_)/, "session"],
  [/^(share_link_)/, "link"],
  [/(_forbidden|^scope_missing|^operators_only|^tenant_disabled|^origin_unknown|^cross_origin|^host_unknown)$/, "right"],
  [/(_full|_exhausted)$/, "full"],
  [/(busy|^rate_limited|in_flight|_paused|^set_waits)$/, "busy"],
  [/_off$/, "off"],
  [/_exists$|^idempotency_key_reused$/, "there"],
  [/^(scoring_|placing_|cutout_(model|no|bad|unauthorized|rejected|unpaid)|refine_|engine_|model_|scene_(refused|image)|tries_used|waited_too|variant_torn|layers_|light_|artifact_|not_ready|invalid_|product_(not_found|changed)|score_)/, "engine"],
  [/(_unavailable|_died|_away|_timeout|_unreachable|^streams_full|_lost|_not_migrated)$|^(database_|queue_|uploads_)/, "away"],
  [/(_not_found|_missing|_gone|_expired|_deleted)$/, "gone"],
  [/_(ended|closed|started|retried|limit)$|_not_(completed|exportable|failed|finished|ended|paused|ready)$|_(in_use|without_scene|default|empty)$|^item_/, "changed"],
  [/(invalid|unknown|malformed|unsupported|conflict|past|large|reused)|^(plate_too|size_|validation_|unknown_|hints_|slot_|preview_|message_|method_|fix_|content_|body_|otel_|blob_options|text_|webhook_url|no_pictures|one_picture)/, "input"],
];

export const familyOf = (code: string): string => rules.find(([r]) => r.test(code))?.[1] ?? "";
