package e2e

import (
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/tools/txtar"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// recorded is a session of test/sessions and the tenant that it wants, empty.
type recorded struct {
	archive *txtar.Archive
	tenant  *v1alpha1.SCIMTenant
}

// sessions gives the recorded sessions of the clients with a tenant for each on the server.
func sessions(namespace, server string, clients ...string) []recorded {
	GinkgoHelper()
	var all []recorded
	for _, client := range clients {
		files, err := filepath.Glob(filepath.Join("..", "sessions", client, "*.txtar"))
		Expect(err).NotTo(HaveOccurred())
		Expect(files).NotTo(BeEmpty(), "sessions of %s", client)
		for _, file := range files {
			archive, err := txtar.ParseFile(file)
			Expect(err).NotTo(HaveOccurred())
			tenant := newTenant(namespace, client+"-"+strings.TrimSuffix(filepath.Base(file), ".txtar"))
			tenant.Spec.ServerRef = &v1alpha1.ObjectReference{Name: server}
			applySettings(tenant, archive.Comment)
			all = append(all, recorded{archive: archive, tenant: tenant})
		}
	}
	return all
}

// applySettings obeys the line "tenant: …" of a session's comment.
func applySettings(t *v1alpha1.SCIMTenant, comment []byte) {
	GinkgoHelper()
	_, line, found := strings.Cut(string(comment), "\ntenant:")
	if !found {
		return
	}
	for _, setting := range strings.Fields(line) {
		value, found := strings.CutPrefix(setting, "extension=")
		Expect(found).To(BeTrue(), "setting %s of a session is not known here", setting)
		t.Spec.SchemaExtensions = append(t.Spec.SchemaExtensions, extension(value))
	}
}

// extension reads URN:a,b/boolean; an attribute whose type is not said is a string.
func extension(text string) v1alpha1.SchemaExtension {
	colon := strings.LastIndexByte(text, ':')
	e := v1alpha1.SchemaExtension{ID: text[:colon], Resource: "User"}
	for attribute := range strings.SplitSeq(text[colon+1:], ",") {
		name, typ, found := strings.Cut(attribute, "/")
		if !found {
			typ = "string"
		}
		e.Attributes = append(e.Attributes, v1alpha1.SchemaAttribute{
			SimpleAttribute: v1alpha1.SimpleAttribute{Name: name, Type: v1alpha1.AttributeType(strings.ToUpper(typ[:1]) + typ[1:])},
		})
	}
	return e
}
