package credentials

import "github.com/scim-operator/scim-operator/api/v1alpha1"

// Annotations of a credentials Secret.
const (
	// AnnotationFrom names the Secret in which an admin has brought the token; absent: it was generated.
	AnnotationFrom = v1alpha1.GroupName + "/token-from"
	// AnnotationRotated is the value of the tenant's AnnotationRotate that the token was issued for, with a leading "=".
	// While the two are equal, the wish is fulfilled.
	AnnotationRotated = v1alpha1.GroupName + "/rotated"
)

// RotationDue tells from the annotations of a tenant and of its credentials Secret whether somebody has asked for a new
// token.
func RotationDue(tenant, secret map[string]string) bool {
	wish, asked := tenant[v1alpha1.AnnotationRotate]
	_, askedThere := secret[v1alpha1.AnnotationRotate]
	return askedThere || (asked && secret[AnnotationRotated] != "="+wish)
}

// Annotations are those of a credentials Secret whose token was just looked after. brought names the Secret in which an
// admin has brought the token, "" if it was generated.
func Annotations(tenant map[string]string, brought string) map[string]string {
	out := map[string]string{}
	if brought != "" {
		out[AnnotationFrom] = brought
	}
	if wish, ok := tenant[v1alpha1.AnnotationRotate]; ok {
		out[AnnotationRotated] = "=" + wish
	}
	return out
}
