package mapping

import "errors"

// shapePrefix begins the names of the types of a user and its complex attributes.
const shapePrefix = "scim."

var errListed = errors.New("the attribute has too many values")
