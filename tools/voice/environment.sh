# Sourced by make and check: a Python environment outside the repository, made once and kept.
export PYTHONDONTWRITEBYTECODE=1
cache=${YIKA_VOICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/yika-voice}

prepare_environment() {
    local requirements=$1/requirements.txt
    if ! cmp -s "$requirements" "$cache/requirements.txt"; then
        printf 'Making the speech tools in %s (about 600 MB, once) …\n' "$cache" >&2
        mkdir -p "$cache"
        python3 -m venv "$cache/venv"
        "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
        cp "$requirements" "$cache/requirements.txt"
    fi
    python=$cache/venv/bin/python
}
