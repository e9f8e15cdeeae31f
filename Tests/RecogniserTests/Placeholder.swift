import Testing

@testable import Recogniser
