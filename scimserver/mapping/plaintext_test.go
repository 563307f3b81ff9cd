package mapping

import (
	"context"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// TestPlainText: what is read without the interpreter is what the interpreter reads, and only that of which it is known is read so.
func TestPlainText(t *testing.T) {
	t.Parallel()
	reg, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		t.Fatal(err)
	}
	for text, plain := range map[string]bool{
		`user.userName`:              true,
		`user.USERNAME`:              true,
		`user.id`:                    true,
		`user.externalId.trim()`:     true,
		`user.userName.lowerAscii()`: true,
		`(user.title + "-" + user.locale).upperAscii()`:               true,
		`user.name.givenName + " " + user.name.familyName`:            true,
		`"é" + (user.name.familyName + (", " + user.Name.GivenName))`: true,
		`user.nickName.trim().lowerAscii() + ""`:                      true,
		`"always"`:                                                    true,
		`user.profileUrl`:                                             true,
		`user.active ? user.userName : ""`:                            false,
		`string(user.active)`:                                         false,
		`has(user.title) ? "x" : "y"`:                                 false,
		`user.?title.orValue("none")`:                                 false,
		`user.emails[0].value`:                                        false,
		`user.meta.location`:                                          false,
		`user.schemas[0] + user.userName`:                             false,
		`user.userName.replace("a", "b")`:                             false,
		"user.userName" + strings.Repeat(" + user.userName", 9):       false,
		`user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"].department`: false,
	} {
		c, err := newCompiler(reg)
		if err != nil {
			t.Fatal(err)
		}
		x := c.expression("f", text, String, false)
		if x == nil || len(c.errs) > 0 {
			t.Errorf("%s: %v", text, c.errs)
			continue
		}
		if (x.plain != nil) != plain {
			t.Errorf("%s: plain is %v", text, x.plain != nil)
		}
		for _, doc := range plainUsers {
			compareReads(t, x, text, doc)
		}
	}
}

// plainUsers are documents with texts, without, and with what an earlier schema has left in their place.
var plainUsers = []string{
	`{"id":"1","schemas":["a"],"externalId":" x ","userName":"Ann.É@Example.com","name":{"givenName":"Ann","familyName":"É"},"title":"Boss","locale":"de","nickName":" A ","profileUrl":"https://x","active":true}`,
	`{"id":"2","userName":"b"}`,
	`{"id":"3","userName":"c","name":{},"title":"","nickName":"  "}`,
	`{"id":"4","userName":true,"name":"text","title":["a"],"locale":{"a":1},"nickName":5,"externalId":null}`,
}

func compareReads(t *testing.T, x *expression, text, doc string) {
	t.Helper()
	user, err := resource.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	read := func(x expression) (raw, Found, error) {
		ev := &evaluation{in: Input{User: user}, ctx: context.Background()}
		ev.user = node{object: user, in: &ev.in}
		return x.read(ev)
	}
	got, found, err := read(*x)
	interpreted := *x
	interpreted.plain = nil
	want, wanted, failure := read(interpreted)
	if got.kind != want.kind || got.text != want.text || found != wanted || (err == nil) != (failure == nil) {
		t.Errorf("%s of %s: %+v %s %v, want %+v %s %v", text, doc, got, found, err, want, wanted, failure)
	}
}
