package source

import (
	"errors"
	"strings"
)

// Object names a Secret or ConfigMap; as text it is NAMESPACE/NAME.
type Object struct {
	Namespace, Name string
}

// String is NAMESPACE/NAME.
func (o Object) String() string { return o.Namespace + "/" + o.Name }

// MarshalText implements encoding.TextMarshaler. The zero Object is empty.
func (o Object) MarshalText() ([]byte, error) {
	if o == (Object{}) {
		return nil, nil
	}
	return []byte(o.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Object) UnmarshalText(text []byte) error {
	namespace, name, _ := strings.Cut(string(text), "/")
	if namespace == "" || name == "" || strings.Contains(name, "/") {
		return errors.New("it is not NAMESPACE/NAME")
	}
	*o = Object{Namespace: namespace, Name: name}
	return nil
}
