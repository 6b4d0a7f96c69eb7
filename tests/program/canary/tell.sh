# Prints two secrets in every form, whole and in pieces with time between them.
for secret in "$CANARY_TOOL" "$CANARY_ACT"; do
  printf 'raw: %s\n' "$secret"
  printf 'again: %s%s\n' "$secret" "$secret" >&2
  printf 'base64: %s\n' "$(printf '%s' "$secret" | base64 -w0)"
  printf 'basic: %s\n' "$(printf 'user:%s' "$secret" | base64 -w0)"
  printf 'url: https://user:%s@db.example/x?token=%s\n' "$secret" "$secret"
  half=$(printf '%s' "$secret" | cut -c1-9)
  printf 'cut: %s' "$half"; sleep 0.4; printf '%s\n' "${secret#"$half"}"
done
env | sort
