package folder

import (
	"regexp"
	"testing"

	"golang.org/x/tools/txtar"
)

var goodKey = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9][-.a-z0-9]{0,252}$`)

// FuzzFile: no text breaks the reader; what it takes has a name of which a path can be made, and what it refuses a line.
func FuzzFile(f *testing.F) {
	for _, name := range []string{"good", "fields", "syntax", "identity", "kinds"} {
		a, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(file.Data)
		}
	}
	place := regexp.MustCompile(`^x\.yaml:[1-9][0-9]*: document [1-9]`)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &decoder{objects: newObjects()}
		d.file("x.yaml", data)
		for _, err := range d.errs {
			if !place.MatchString(err.Error()) {
				t.Errorf("error without a place: %v", err)
			}
		}
		for key := range d.objects.Tenants {
			if !goodKey.MatchString(key) {
				t.Errorf("key %q", key)
			}
		}
		for key := range d.objects.Secrets {
			if !goodKey.MatchString(key) {
				t.Errorf("key %q", key)
			}
		}
	})
}

func TestLocate(t *testing.T) {
	t.Parallel()
	const text = `--- # first
# spec: no
metadata:
  name: a
spec:

  limits: {users: 5}
  'quoted' : 1
  text: |
    list: no
    spec: no
  list:
  - a: 1
    b:
    - c
    - d: 2
      e: 3
  -
    a: 2
  more: 4
`
	for path, want := range map[string]int{
		"": 2, "spec": 4, "spec.limits": 6, "spec.limits.users": 6, "spec.quoted": 7, "spec.list": 11, "spec.list[0]": 12, "spec.list[0].a": 12,
		"spec.list[0].b[1].e": 16, "spec.list[1].a": 18, "spec.list[2].a": 11, "spec.more": 19, "spec.none.a": 4, "none": 2,
		"spec.text.list": 9, "[0]": 2,
	} {
		if got := locate([]byte(text), path); got != want {
			t.Errorf("%s: line %d, want %d", path, got, want)
		}
	}
	if got := locate([]byte("# nothing\n"), "spec"); got != 0 {
		t.Errorf("nothing: line %d", got)
	}
}
