import Auth
import Billing
import ServiceKit

/// The services of this program. A new one is a folder in `Sources/` and a word in this list.
let catalogue = ServiceCatalogue([.auth, .billing])
