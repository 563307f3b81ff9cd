package directory

import (
	"slices"
	"strconv"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// Conditions are the entity tags of a conditional request (RFC 7644 §3.14, RFC 9110 §13). A tag is W/"version"; tags are
// compared weakly, as SCIM has no others.
type Conditions struct {
	Match     Tags // If-Match: change only one of these versions
	NoneMatch Tags // If-None-Match: answer, or change, only another version
}

// Tags is the value of one of the two headers.
type Tags struct {
	given    bool
	any      bool
	versions []int64
}

// ParseTags reads the values of a header. A tag that this server never issued matches no version.
func ParseTags(values []string) Tags {
	var t Tags
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			t.add(strings.TrimSpace(tag))
		}
	}
	return t
}

func (t *Tags) add(tag string) {
	if tag == "" {
		return
	}
	t.given = true
	if tag == "*" {
		t.any = true
		return
	}
	tag = strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
	if v, err := strconv.ParseInt(tag, 10, 64); err == nil && v > 0 {
		t.versions = append(t.versions, v)
	}
}

func (t Tags) match(version int64) bool {
	return t.any || slices.Contains(t.versions, version)
}

// AppendTag appends the entity tag of a version.
func AppendTag(dst []byte, version int64) []byte {
	return append(strconv.AppendInt(append(dst, `W/"`...), version, 10), '"')
}

// allowChange says whether a resource of this version may be changed; else the error is 412.
func (c Conditions) allowChange(version int64) error {
	if c.Match.given && !c.Match.match(version) {
		return scimerr.PreconditionFailed("If-Match: the resource has changed, its version is %s: read it again", AppendTag(nil, version))
	}
	if c.NoneMatch.given && c.NoneMatch.match(version) {
		return scimerr.PreconditionFailed("If-None-Match: the resource has the version %s", AppendTag(nil, version))
	}
	return nil
}

// unchanged says whether a reader has this version already.
func (c Conditions) unchanged(version int64) bool {
	return c.NoneMatch.given && c.NoneMatch.match(version)
}
