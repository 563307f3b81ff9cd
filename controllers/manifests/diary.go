package manifests

import (
	"log/slog"

	"github.com/scim-operator/scim-operator/controllers/compile"
)

// diary logs what is wrong, each thing once, and when it is mended.
type diary struct {
	log  *slog.Logger
	told map[string]string // by subject
}

// news tells whether the text about a subject is another one than before, and what that was.
func (d diary) news(subject, text string) (before string, changed bool) {
	before = d.told[subject]
	if text == "" {
		delete(d.told, subject)
	} else {
		d.told[subject] = text
	}
	return before, before != text
}

// manifests logs why nothing changes; nil: the folder is in order.
func (d diary) manifests(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	_, changed := d.news("manifests", text)
	switch {
	case !changed:
	case err == nil:
		d.log.Info("manifests are in order again")
	default:
		for _, e := range apart(err) {
			d.log.Error("manifests cannot be used; nothing changes until they are mended", "error", e)
		}
	}
}

// apart takes joined errors apart, so that each gets a line.
func apart(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// finding logs what was found about an object, or that nothing is any more. place tells where it stands.
func (d diary) finding(kind, key string, f compile.Finding, place func() string) {
	before, changed := d.news(kind+" "+key, f.Message)
	switch {
	case !changed:
	case f.OK() && before != "":
		d.log.Info("object is accepted", "kind", kind, "name", key)
	default:
		d.log.Warn("object is not accepted; its last good version is in effect, if there was one", "kind", kind, "name", key,
			"reason", string(f.Reason), "message", f.Message, "at", place())
	}
}

// credentials logs why those of a tenant stay as they are; nil: nothing keeps them.
func (d diary) credentials(key string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if _, changed := d.news("credentials "+key, text); changed && err != nil {
		d.log.Error("credentials of a tenant could not be kept", "tenant", key, "error", err)
	}
}
